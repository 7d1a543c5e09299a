import pytest

from operations.refusals import reason

CONNECT = "Failed client connect: Server connection error: tonic::transport::Error(Transport, ConnectError({}))"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('ConnectError("tcp connect error", 10.0.0.1:1, Os { kind: ConnectionRefused, message: "Connection refused" })',
         "the connection is refused"),
        ('ConnectError("dns error", Custom { error: "failed to lookup address information: Name unknown" })',
         "its name is unknown"),
        ("Custom { kind: InvalidData, error: InvalidMessage(InvalidContentType) }",
         "it does not speak TLS, which TEMPORAL_TLS or an API key asks for"),
        ("Custom { kind: InvalidData, error: InvalidCertificate(UnknownIssuer) }", "a certificate is not accepted"),
        ('Status { code: Unauthenticated, message: "Bearer s3cret" }', "it does not accept the API key"),
        ('Status { code: Unimplemented, message: "grpc-status header missing" }',
         "something else than Temporal answers there"),
        ("something that nobody has seen before", None),
    ],
)  # fmt: skip
def test_what_the_sdk_says_becomes_words_that_quote_nothing(said: str, words: str | None) -> None:
    assert reason(RuntimeError(CONNECT.format(said))) == words

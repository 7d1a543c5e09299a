from console.sessions import Cookie


def test_a_demo_beside_an_installation_logs_nobody_out_of_it() -> None:
    cookies = [Cookie(secure=secure, of_demo=of_demo) for secure in (False, True) for of_demo in (False, True)]

    assert len({each.name for each in cookies} | {each.browser for each in cookies}) == 8
    assert Cookie(secure=False).name == "tenantry"


def test_browsers_keep_the_cookie_of_https_to_one_host() -> None:
    assert Cookie(secure=True).name.startswith("__Host-")
    assert Cookie(secure=True, of_demo=True).name.startswith("__Host-")

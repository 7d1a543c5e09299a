"""`python -m console`."""

from console.allocator import give_memory_back


def run() -> int:
    """The console is imported only by the process that becomes it."""
    give_memory_back()
    from console.main import main  # noqa: PLC0415

    return main()


raise SystemExit(run())

"""How NiceGUI serves the pages: what it is told once per process."""

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui

from console.components import assets, theme


def serve(application: FastAPI, *, reconnect: float) -> None:
    """Mount NiceGUI; a tab that lost its connection is kept for `reconnect` seconds."""
    theme.set_defaults()
    nicegui_app.storage.max_tab_storage_age = 3600
    # Quasar's bar has no name for those who cannot see it, and only tells that long polling goes on.
    nicegui_app.config.quasar_config["loadingBar"]["skipHijack"] = True
    ui.run_with(
        application,
        title="Tenantry",
        favicon=assets.DIRECTORY / "logo.svg",
        language="en-US",
        reconnect_timeout=reconnect,
        tailwind=False,  # our styles are written by hand; 69 kB less, and nothing watches every change of the page
        gzip_middleware_factory=None,  # pages get their nonce before they are compressed
        show_welcome_message=False,
        binding_refresh_interval=None,
    )

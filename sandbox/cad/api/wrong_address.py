"""The answer at an address that is not served, or not any more."""

from __future__ import annotations

from aiohttp import web

from sandbox.cad.state.behaviour import WrongAddress
from sandbox.cad.state.world import CadWorld

WRONG_ADDRESS = "Backend Service Reached"


def wrong_address(world: CadWorld) -> web.Response:
    """Build the answer that the world's behaviour asks for."""
    match world.behaviour.wrong_address:
        case WrongAddress.BACKEND_REACHED:
            return web.Response(text=WRONG_ADDRESS)
        case WrongAddress.WEB_PAGE:
            page = "<!DOCTYPE html><html><head><title>Sonoran CAD</title></head></html>"
            return web.Response(text=page, content_type="text/html")
        case WrongAddress.GONE:
            return web.Response(status=410, text="Gone")
        case _:
            return web.Response(status=404, text="Not Found")

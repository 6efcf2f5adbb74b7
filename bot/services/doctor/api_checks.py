"""What there is to say about the CAD's two APIs. Pure."""

from __future__ import annotations

from bot.cad import api_choice
from bot.cad.api_choice import ApiStatus
from bot.cad.errors import ApiForbidden, CadError, CadRefused
from bot.services.doctor.findings import Finding, FindingCode, Level, fine


def api_findings(api: ApiStatus, failure: CadError | None = None) -> list[Finding]:
    """Say which API is used, and why another one is not.

    Args:
        failure: the error with which a request over the API failed, and which has a finding.
    """
    in_use = None if failure else api.version
    used = [fine(FindingCode.API_USED, version=in_use)] if in_use else []
    refused = {
        version: error
        for version, error in api.refusals.items()
        if version != in_use and type(error) is not type(failure)
    }
    # One API is enough.
    level = Level.OK if in_use else Level.WARNING
    return [*used, *(_not_used(version, error, level) for version, error in refused.items())]


def code_of_refusal(error: CadRefused, api: ApiStatus) -> FindingCode:
    """Return what a refusal without a documented text says about the CAD."""
    if not api_choice.is_absent(error):
        return FindingCode.CAD_REJECTED
    return FindingCode.CAD_WRONG_ADDRESS if api.is_automatic else FindingCode.API_FORCED


def error_text(error: CadError) -> str:
    """Return the CAD's own text, else the status, else the type of the error."""
    return error.text or (f"status {error.status}" if error.status else type(error).__name__)


def _not_used(version: int, error: CadError, if_absent: Level) -> Finding:
    data = {"version": version, "reason": error_text(error)}
    if api_choice.is_absent(error):
        return Finding(FindingCode.API_ABSENT, if_absent, data)
    is_forbidden = isinstance(error, ApiForbidden)
    code = FindingCode.API_FORBIDDEN if is_forbidden else FindingCode.API_REFUSES_KEY
    return Finding(code, Level.WARNING, data)

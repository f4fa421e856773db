"""`scripts/audit` fails on findings, and only reports a database that cannot be reached as skipped."""

import json
from subprocess import CompletedProcess
from typing import Any

import pytest

from support import scripts

audit = scripts.load("audit")
Verdict = audit.Verdict


def result(returncode: int, stdout: str = "", stderr: str = "") -> CompletedProcess[str]:
    """The output of a tool."""
    return CompletedProcess([], returncode, stdout, stderr)


def pip_report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


KNOWN = {"name": "h11", "version": "0.16.0", "vulns": []}
VULNERABLE = {"name": "h11", "version": "0.14.0", "vulns": [{"id": "CVE-2025-43859"}]}
UNKNOWN = {"name": "aiortc", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("tool", "verdict"),
    [
        (result(0, pip_report(KNOWN)), Verdict.CLEAN),
        (result(0, pip_report(KNOWN, UNKNOWN)), Verdict.CLEAN),
        (result(0, pip_report(UNKNOWN)), Verdict.SKIPPED),
        (result(1, pip_report(UNKNOWN, VULNERABLE)), Verdict.FINDING),
        (result(1, "", "ERROR: Could not connect to PyPI's vulnerability feed"), Verdict.SKIPPED),
        (result(1, "", "requests.exceptions.ConnectionError: ..."), Verdict.SKIPPED),
        (result(1, "", "ERROR: hashes are missing"), Verdict.FAILED),
    ],
)
def test_pip_audit(tool: CompletedProcess[str], verdict: str) -> None:
    assert audit.read_pip_audit(tool)[0] is verdict


def deny_lines(*lines: dict[str, str]) -> str:
    return "".join(json.dumps({"fields": fields, "type": "diagnostic"}) + "\n" for fields in lines)


@pytest.mark.parametrize(
    ("tool", "verdict"),
    [
        (result(0, "", deny_lines({"severity": "warning", "message": "duplicate"})), Verdict.CLEAN),
        (result(1, "", deny_lines({"severity": "error", "message": "RUSTSEC-2024-0001"})), Verdict.FINDING),
        (result(1, "", deny_lines({"message": "failed to fetch advisory database https://..."})), Verdict.SKIPPED),
        (result(1, "", deny_lines({"level": "ERROR", "message": "no Cargo.toml"})), Verdict.FAILED),
        (result(101, "", "error: panicked"), Verdict.FAILED),
    ],
)
def test_cargo_deny(tool: CompletedProcess[str], verdict: str) -> None:
    assert audit.read_cargo_deny(tool)[0] is verdict


@pytest.mark.parametrize(
    ("tool", "verdict"),
    [
        (result(0, '{"auditReportVersion": 2, "vulnerabilities": {}}'), Verdict.CLEAN),
        (result(1, '{"auditReportVersion": 2, "vulnerabilities": {"ws": {"severity": "high"}}}'), Verdict.FINDING),
        (result(1, '{"statusCode": 405}', "npm error audit endpoint returned an error"), Verdict.SKIPPED),
        (result(1, '{"error": {"code": "ENOLOCK"}}'), Verdict.FAILED),
    ],
)
def test_npm_audit(tool: CompletedProcess[str], verdict: str) -> None:
    assert audit.read_npm_audit(tool)[0] is verdict


@pytest.mark.parametrize(("verdict", "status"), [("CLEAN", 0), ("SKIPPED", 0), ("FINDING", 1), ("FAILED", 1)])
def test_only_findings_and_failures_fail(
    verdict: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = (Verdict[verdict], "details")
    monkeypatch.setattr(audit, "AUDITS", {"a tool": ("Cargo.lock", lambda _: outcome)})
    assert audit.main() == status
    assert capsys.readouterr().out == f"a tool (Cargo.lock): {Verdict[verdict]}\n    details\n"

"""The bill of materials of a release: every locked package that is deployed, in a form that tools read."""

import json
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom

from support import scripts
from support.installation import REPOSITORY

sbom = scripts.load("sbom")


def test_bill_is_read_by_the_reference_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert sbom.main([str(tmp_path / "bill.json")]) == 0
    bill = json.loads((tmp_path / "bill.json").read_text(encoding="utf-8"))
    read = Bom.from_json(bill)  # type: ignore[attr-defined]  # added by a decorator
    purls = {str(one.purl) for one in read.components}
    assert len(purls) == len(bill["components"]) > 100
    version = (REPOSITORY / "VERSION").read_text(encoding="utf-8").strip()
    assert read.metadata.component is not None
    assert read.metadata.component.version == version
    names = {purl.partition("@")[0] for purl in purls}
    assert {"pkg:pypi/uvicorn", "pkg:pypi/nats-py", "pkg:cargo/aws-lc-rs", "pkg:npm/mediasoup-client"} <= names


def test_tools_of_development_are_left_out() -> None:
    bill = sbom.bill(REPOSITORY)
    names = {one["name"] for one in bill["components"]}
    assert not names & {"pytest", "ruff", "vitest", "oxlint", "mypy"}
    assert not any(name.startswith("hubbub") for name in names)


def test_packages_of_each_lock() -> None:
    [package] = sbom.python_components('nats_py[a]==1.0 ; python_version < "4" \\\n    --hash=sha256:aa\n')
    assert package["purl"] == "pkg:pypi/nats-py@1.0"
    [crate] = sbom.cargo_components('[[package]]\nname = "a"\nversion = "1.0"\nchecksum = "ff"\n')
    assert crate["hashes"] == [{"alg": "SHA-256", "content": "ff"}]
    lock = {"packages": {"node_modules/@a/b": {"version": "1.0"}, "node_modules/c": {"version": "1", "dev": True}}}
    [scoped] = sbom.npm_components(json.dumps(lock))
    assert (scoped["name"], scoped["purl"]) == ("@a/b", "pkg:npm/%40a/b@1.0")


def test_wrong_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert sbom.main([]) == 2
    assert "Usage" in capsys.readouterr().err

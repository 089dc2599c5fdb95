#!/usr/bin/env python3
"""The published schemas agree with the linter: every bundled file is valid, and each mistake that
the linter knows of this list is one for the schema, too.

usage: test_schemas.py SOURCE_ROOT"""
import json
import pathlib
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Scalars stay text, as the product reads them; its tags are text here."""


Loader.yaml_implicit_resolvers = {
    key: [(tag, regexp) for tag, regexp in rows if tag in ("tag:yaml.org,2002:int",
                                                           "tag:yaml.org,2002:bool")]
    for key, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}
for name in ("!hex", "!base64", "!raw", "!pattern"):
    Loader.add_constructor(name, lambda loader, node: loader.construct_scalar(node))


def profile(**change):
    row = {"host": "imap.example.test", "port": 993, "tls": "implicit"}
    return {"name": "a", "offers": {"imap": dict(row, **change)}}


def policy():
    keys = ("versions", "suites", "groups", "signatures", "keys", "certificate", "sessions", "use")
    return dict({"title": "t", "source": "s"}, **{key: {} for key in keys})


def main(root):
    root = pathlib.Path(root)
    schemas = {name: json.loads((root / f"reports/schemas/{name}.json").read_text())
               for name in ("scenario", "target", "baseline", "profile", "policy")}
    for schema in schemas.values():
        jsonschema.Draft7Validator.check_schema(schema)
    files = [f for f in sorted((root / "scenarios").rglob("*.yaml"))
             if f.relative_to(root / "scenarios").parts[0] not in ("clauses", "messages", "profiles", "policies")]
    pairs = [(f, "scenario") for f in files]
    pairs += [(f, "baseline") for f in sorted((root / "servers-under-test").rglob("baseline.yaml"))]
    for name in ("profile", "policy"):
        folder = {"profile": "profiles", "policy": "policies"}[name]
        pairs += [(f, name) for f in sorted((root / "scenarios" / folder).glob("*.yaml"))]
    bad = 0
    for file, name in pairs:
        data = yaml.load(file.read_text(), Loader)
        for error in jsonschema.Draft7Validator(schemas[name]).iter_errors(data):
            bad += 1
            where = "/".join(str(p) for p in error.absolute_path)
            print(f"not ok - {file.relative_to(root)}: {where}: {error.message[:200]}")
    wrong = [("scenario", {"topic": "x"}), ("scenario", {"topic": "x", "checks": {"a": {"titel": 1}}}),
             ("target", {"services": {"imapz": 1}}), ("target", {"services": {"imap": 70000}}),
             ("target", {"services": {"imap": 143}, "accounts": [{"user": "a", "password": "secret"}]}),
             ("baseline", [{"id": "a"}]),
             ("profile", {"name": "a"}), ("profile", profile(prot="imap")), ("profile", profile(port=0)),
             ("profile", profile(tls="ssl")), ("profile", profile(auth="oauth")),
             ("profile", dict(profile(), checked="2026-13-01")),
             ("profile", dict(profile(), requires={"imap": {"tls": "implicit"}})),
             ("profile", {"name": "a", "requires": {"imap": {"host": "h", "tls": "implicit"}}}),
             ("policy", {"title": "t", "source": "s"}), ("policy", dict(policy(), suits={})),
             ("policy", dict(policy(), suites={"fial": {}})), ("policy", dict(policy(), keys={"rsa-bits-fail": "many"})),
             ("policy", dict(policy(), suites={"fail": {"ciphr": "RC4"}})),
             ("policy", dict(policy(), suites={"others": "bad"})),
             ("policy", dict(policy(), versions={"accepted": {"TLS 1.O": "fail"}}))]
    right = [("policy", policy()), ("profile", profile())]
    for name, data in right:
        if not jsonschema.Draft7Validator(schemas[name]).is_valid(data):
            bad += 1
            print(f"not ok - the {name} schema refuses {data}")
    for name, data in wrong:
        if jsonschema.Draft7Validator(schemas[name]).is_valid(data):
            bad += 1
            print(f"not ok - the {name} schema takes {data}")
    print(f"ok - {len(pairs)} files against their schemas" if not bad else f"{bad} mistakes")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

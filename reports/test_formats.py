"""test_formats.py RENDER_SAMPLE SCHEMAS: gives each report to the programs that read such reports.

Nothing is skipped: a missing program or module is a failure. Needs python3-jsonschema, xmllint
(libxml2-utils) and prove (perl)."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import jsonschema

RENDER, SCHEMAS = sys.argv[1], sys.argv[2]
SAMPLES = ["sample", "clean", "dead", "empty"]
VOID = {"meta", "br", "input", "link", "img", "hr"}


def render(sample, kind, *options):
    done = subprocess.run([RENDER, sample, kind, *options], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode("utf-8")


def run_on(text, suffix, *command):
    with tempfile.NamedTemporaryFile("w", suffix=suffix, encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return subprocess.run([*command, file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding="utf-8", check=False)


class Json(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(SCHEMAS, "result.json"), encoding="utf-8") as file:
            self.schema = json.load(file)

    def test_every_document_is_valid(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        for sample in SAMPLES:
            jsonschema.validate(json.loads(render(sample, "json")), self.schema,
                                cls=jsonschema.Draft7Validator)

    def test_the_schema_refuses(self):
        validator = jsonschema.Draft7Validator(self.schema)
        changes = [lambda d: d.pop("schemaVersion"), lambda d: d["run"].update(exitCode=7),
                   lambda d: d["results"][0].update(outcome="green"),
                   lambda d: d["results"][0].update(surprise=1),
                   lambda d: d["run"].update(durationMs=-1),
                   lambda d: d["run"].update(started="2026-11-22 14:50:01")]
        for change in changes:
            document = json.loads(render("sample", "json"))
            self.assertTrue(validator.is_valid(document))
            change(document)
            self.assertFalse(validator.is_valid(document))

    def test_every_field_is_described(self):
        def walk(node, path):
            for name, field in node.get("properties", {}).items():
                self.assertTrue("$ref" in field or field.get("description"), path + "." + name)
                walk(field, path + "." + name)
            if "items" in node:
                walk(node["items"], path + "[]")
        walk(self.schema, "")
        for name, node in self.schema["definitions"].items():
            self.assertTrue(node["description"], name)
            walk(node, name)

    def test_exit_codes_of_the_samples(self):
        codes = [json.loads(render(s, "json"))["run"]["exitCode"] for s in SAMPLES]
        self.assertEqual(codes, [1, 0, 5, 4])


class JUnit(unittest.TestCase):
    def test_strict_reports_are_valid(self):
        schema = os.path.join(SCHEMAS, "junit-strict.xsd")
        for sample in SAMPLES:
            done = run_on(render(sample, "junit-strict"), ".xml", "xmllint", "--noout", "--schema", schema)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_usual_dialect_is_not_strict(self):
        schema = os.path.join(SCHEMAS, "junit-strict.xsd")
        done = run_on(render("sample", "junit"), ".xml", "xmllint", "--noout", "--schema", schema)
        self.assertNotEqual(done.returncode, 0)

    def test_counts_are_those_of_the_cases(self):
        for kind in ["junit", "junit-strict"]:
            for sample in SAMPLES:
                self.count(ElementTree.fromstring(render(sample, kind)))

    def count(self, root):
        cases = root.findall("testsuite/testcase")
        self.assertEqual(int(root.get("tests")), len(cases))
        self.assertEqual(len({(c.get("classname"), c.get("name")) for c in cases}), len(cases))
        for suite in root.findall("testsuite"):
            self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
            self.assertEqual(int(suite.get("failures")), len(suite.findall("testcase/failure")))
            self.assertEqual(int(suite.get("errors")), len(suite.findall("testcase/error")))
            self.assertEqual(int(suite.get("skipped")), len(suite.findall("testcase/skipped")))
        for total, element in [("failures", "failure"), ("errors", "error")]:
            self.assertEqual(int(root.get(total)), len(root.findall("testsuite/testcase/" + element)))

    def test_a_run_without_results_is_an_error(self):
        for sample in ["dead", "empty"]:
            root = ElementTree.fromstring(render(sample, "junit"))
            self.assertEqual(len(root.findall("testsuite/testcase/error")), 1)

    def test_a_failure_begins_with_its_place(self):
        root = ElementTree.fromstring(render("sample", "junit"))
        text = root.find("testsuite/testcase/failure").text
        self.assertTrue(text.startswith("scenarios/imap/topic.yaml:18:25: no untagged EXPUNGE"), text)


class Tap(unittest.TestCase):
    def prove(self, text):
        return run_on(text, ".tap", "prove", "-e", "cat")

    def test_a_clean_run_passes(self):
        done = self.prove(render("clean", "tap"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("Tests=2", done.stdout)

    def test_a_run_with_failures_fails(self):
        done = self.prove(render("sample", "tap"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Failed tests:  3, 5-6, 11-12", done.stdout)
        self.assertIn("did not run", done.stdout)

    def test_nothing_tested_is_no_success(self):
        for sample in ["dead", "empty"]:
            done = self.prove(render(sample, "tap"))
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("Bailout called", done.stdout)

    def test_diagnostics_parse(self):
        source = "use TAP::Parser; my $p = TAP::Parser->new({tap => join '', <STDIN>}); my $n = 0;" \
                 "while (my $r = $p->next) { die $r->raw if $r->is_unknown && $r->raw !~ /^\\s*$/;" \
                 "$n++ if $r->is_yaml; } print $n, ' ', scalar $p->todo, ' ', scalar $p->skipped;" \
                 "exit($p->version == 13 ? 0 : 1)"
        done = subprocess.run(["perl", "-e", source], input=render("sample", "tap"), stdout=subprocess.PIPE,
                              encoding="utf-8", check=True)
        self.assertEqual(done.stdout, "9 1 1")


class Page(HTMLParser):
    """Collects what is wrong with a page."""

    def __init__(self):
        super().__init__()
        self.stack, self.problems, self.ids, self.targets, self.counts = [], [], [], [], {}
        self.lang, self.data = None, ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "html":
            self.lang = attrs.get("lang")
        if tag == "th" and attrs.get("scope") not in ("row", "col"):
            self.problems.append("th without scope")
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if "src" in attrs or (tag == "link"):
            self.problems.append("external %s" % tag)
        if "href" in attrs:
            self.targets.append(attrs["href"])
        for name in ("aria-labelledby",):
            if name in attrs:
                self.targets.append("#" + attrs[name])

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1] != tag:
            self.problems.append("</%s> inside %s" % (tag, self.stack[-3:]))
        else:
            self.stack.pop()

    def handle_data(self, data):
        if self.stack and self.stack[-1] == "style" and "url(" in data:
            self.problems.append("url() in the style sheet")
        if self.stack and self.stack[-1] == "script" and data.startswith("{"):
            self.data += data


class Html(unittest.TestCase):
    def read(self, sample):
        page = Page()
        page.feed(render(sample, "html"))
        page.close()
        return page

    def test_pages_are_well_formed_and_complete_in_themselves(self):
        from urllib.parse import unquote
        for sample in SAMPLES:
            page = self.read(sample)
            self.assertEqual(page.problems, [])
            self.assertEqual(page.stack, [])
            self.assertEqual(page.lang, "en")
            self.assertEqual(len(page.ids), len(set(page.ids)), "an id twice")
            for target in page.targets:
                self.assertTrue(target.startswith("#"), target)
                self.assertIn(unquote(target[1:]), page.ids)
            for tag in ["header", "main", "nav", "h1", "title"]:
                self.assertEqual(page.counts[tag], 1, tag)

    def test_the_document_inside_is_whole(self):
        page = self.read("sample")
        self.assertEqual(json.loads(page.data)["results"][5]["id"], "pop3/uidl/unique-id-persists")
        self.assertEqual(page.counts["script"], 2, "a check's text opened a script element")

    def test_every_check_can_be_linked_to(self):
        page = self.read("sample")
        for result in json.loads(render("sample", "json"))["results"]:
            self.assertIn(result["id"], page.ids)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)

#!/usr/bin/env python3
"""Parts of the scenario language that only a whole run shows: invariants that a check upholds,
steps that skip, messages that a variant names, golden values. Each test has a scenario folder of
its own and runs it against the servers in memory. And the manual: what the program's tables hold,
docs/ and the schema say, no more and no less, and every example of theirs is right.

usage: test_language.py MAILASSAY SOURCE_ROOT          (TAP on standard output)"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

from running import PROGRAM, ROOT, run_tests

HEAD = """
    title: A title
    clause: rfc3501/9/fetch-list
    devices: {phone: imap}
"""


def run(checks, *args):
    """The program over one file imap/x.yaml with these checks: output, status."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for shared in ("clauses", "messages"):
            (folder / shared).symlink_to(ROOT / "scenarios" / shared)
        (folder / "imap").mkdir()
        (folder / "imap" / "x.yaml").write_text("topic: t\nchecks:\n" + checks)
        (folder / "common").mkdir()
        (folder / "common" / "count.yaml").write_text(
            "steps:\n  - phone: {send: 'STATUS $box (MESSAGES)', untagged: 'STATUS $box (MESSAGES $n)'}\n")
        result = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, MAILASSAY_SCENARIOS=name, NO_COLOR="1"))
        return result.stdout + result.stderr, result.returncode


def check(body, fault="imap.fetch.trailing-space"):
    return f"  one:{HEAD}    proved-by: {fault}\n" + textwrap.indent(textwrap.dedent(body), "    ")


def expect(output, *parts):
    for part in parts:
        assert part in output, f"no {part!r} in: {output}"


FETCH = """
    given: {mailbox: work, messages: [plain]}
    steps:
      - phone: SELECT $work
      - phone: FETCH 1 FLAGS
"""


def an_upheld_invariant_fails_the_step():
    output, status = run(check("upholds: invariant/imap/grammar" + FETCH.replace("\n    ", "\n")),
                         "selftest", "-m", "imap/x")
    expect(output, "killed   imap.fetch.trailing-space", "imap/x/one: phone: expected no space")
    assert status == 0, output


def without_it_the_check_passes():
    output, status = run(check(FETCH), "selftest", "imap/x")
    expect(output, "SURVIVED imap.fetch.trailing-space")
    assert status == 1, output


def unknown_invariants_are_mistakes():
    for key in ("upholds", "waive"):
        output, status = run(check(f"{key}: invariant/imap/gramar" + FETCH.replace("\n    ", "\n")), "check")
        expect(output, "unknown invariant", "did you mean \"invariant/imap/grammar\"?")
        assert status == 3, output


def a_step_can_skip_the_check():
    output, status = run(check("""
        steps:
          - phone: {send: NOOP, expect: 'NO'}
            or-skip: NOOP works here
          - phone: {send: NOOP, expect: BAD}
        always:
          - phone: {send: CAPABILITY, untagged: CAPABILITY IMAP4rev1}
    """), "selftest", "-vv", "--clean-only", "imap/x")
    expect(output, "skip  imap/x/one NOOP works here")
    assert "FAIL" not in output, output


def a_step_that_does_not_fail_does_not_skip():
    output, _ = run(check("""
        steps:
          - phone: NOOP
            or-skip: NOOP fails here
          - phone: {send: NOOP, expect: BAD}
    """), "selftest", "--clean-only", "imap/x")
    expect(output, "FAIL  imap/x/one")


GOLDEN = """
    each: {message: [%s]}
    given: {mailbox: work, messages: [$message]}
    steps:
      - phone: SELECT $work
      - phone: {send: FETCH 1 ENVELOPE, untagged: '1 FETCH (ENVELOPE $msg1.golden.%s)'}
"""


def variants_name_messages():
    output, status = run(check(GOLDEN % ("simple, attachment", "envelope"), "imap.envelope.field-missing"),
                         "selftest", "-v", "imap/x")
    expect(output, "pass  imap/x/one[simple]", "pass  imap/x/one[attachment]",
           "killed   imap.envelope.field-missing")
    assert status == 0, output


def messages_that_do_not_exist_are_mistakes():
    output, status = run(check(GOLDEN % ("simple, nothing", "envelope")), "check")
    expect(output, "there is no message \"nothing\"")
    assert status == 3, output


def golden_values_belong_to_golden_messages():
    output, status = run(check(GOLDEN % ("simple, plain", "envelope")), "check")
    expect(output, "scenarios/messages/plain.yaml has no \"envelope\"")
    assert status == 3, output


def unknown_parts_of_messages_are_mistakes():
    output, status = run(check(GOLDEN % ("simple", "envelop")), "check")
    expect(output, "$msg1.golden.envelop: a message has")
    assert status == 3, output


def a_need_takes_back_nothing():
    output, status = run(check("""
        needs: {disposable: false}
        given: {inbox: []}
        steps:
          - phone: NOOP
    """), "explain", "imap/x/one")
    expect(output, 'runs only on a target with "disposable: true"')
    assert status == 0, output


def options_of_a_file_are_mistakes():
    output, status = run(check("""
        given: {messages: [{message: simple, flags: (\\Seen)}, {message: simple, size: 3}]}
        steps:
          - phone: NOOP
    """), "check")
    expect(output, '"size" is for messages made to order; "simple" is a file', "1 mistake found")
    assert status == 3, output


def check_says_what_it_looked_at():
    output, status = run(check(FETCH), "check")
    assert (output, status) == ("1 bundled check: no mistakes\n", 0), output
    output, status = run(check(FETCH), "check", str(ROOT / "scenarios" / "imap" / "idle.yaml"))
    expect(output, "1 file and 1 bundled check: no mistakes")
    assert status == 0, output


# ---- the manual and the schema against the tables of the program ----

SOURCES = {path.relative_to(ROOT / "harness").as_posix(): path.read_text()
           for folder in ("scenario", "step") for path in (ROOT / "harness" / folder).glob("*.[ch]")
           if not path.name.startswith(("test_", "fuzz_"))}
ARRAY = r"char \*const {}\[\w*\]\s*=\s*{{([^}}]*)}}"
USED = set()


def strings(file, marker="", array="keys"):
    """The strings of the first array of that name behind the marker."""
    text = SOURCES[file]
    found = re.compile(ARRAY.format(array)).search(text, text.index(marker))
    assert found, f"no table {array} behind {marker!r} in {file}"
    USED.add((file, found.start()))
    return set(re.findall(r'"([^"]*)"', found.group(1)))


def macro(name):
    text = SOURCES["step/step_table.h"]
    body = re.search(rf"#define {name}\b((?:[^\n]*\\\n)*[^\n]*)", text).group(1)
    words = re.findall(r'"([^"]*)"', body)
    for other in re.findall(r"\b[A-Z]+_OPTIONS\b", body):
        words += macro(other)
    return set(words)


def verbs():
    """Name of a verb: its options and devices."""
    text = SOURCES["step/step_table.c"]
    options = {}
    for name, body in re.findall(ARRAY.format(r"(\w+)").replace("[^}}]", "[^}]"), text):
        options[name] = set(re.findall(r'"([^"]*)"', body)).union(
            *(macro(m) for m in re.findall(r"\b[A-Z]+_OPTIONS\b", body)))
    rows = re.findall(r'ROW\("([^"]+)", \w+, (\w+), ([A-Z0-9_ |]+)\)', text)
    assert len(rows) > 10, rows
    return {verb: (options[name], devices) for verb, name, devices in rows}


def plain_verbs():
    return set(re.findall(r'\{ "([^"]+)", step_\w+_check', SOURCES["step/step_table.c"]))


def parts():
    return strings("scenario/message_golden.c", "is_known_part", "parts") | {"top0", "top10"}


def tables():
    """What the head of a table of the manual says: the words that the program knows."""
    return {
        "file": strings("scenario/check_load.c", array="file_keys") |
                strings("step/step_flow.c", "load_include", "file_keys"),
        "check": strings("scenario/check_load.c", array="check_keys"),
        "`needs`": strings("scenario/check_parts.c", "void check_load_needs"),
        "device": strings("scenario/check_parts.c", "static void load_device_map"),
        "`shape`": strings("scenario/check_parts.c", "static void check_shape"),
        "`given`": strings("scenario/check_parts.c", "void check_load_given"),
        "message": strings("scenario/message.c"),
        "part": parts(),
        "verb": set(verbs()),
        "option": macro("REPLY_OPTIONS"),
        "`body`": strings("scenario/expect_check.c", "static void check_body"),
        "`connect`": strings("step/step_connection.c", "step_connect_check"),
        "`capabilities`": strings("step/step_login.c", "step_capabilities_check", "words"),
        "`mail`": strings("step/step_mail.c", "step_mail_check"),
        "`data`": strings("step/step_mail.c", "step_data_check"),
        "`delivered`": strings("step/step_delivered.c", "step_delivered_check"),
        "step": plain_verbs(),
        "`eventually`": strings("step/step_flow.c", "step_eventually_check"),
        "`include`": strings("step/step_flow.c", "step_include_check"),
        "`if`": strings("step/step_flow.c", "step_if_check"),
        "`next-hop`": strings("step/step_world.c", "step_next_hop_check"),
        "TLS": strings("step/step_tls_options.c"),
        "fact": set(re.findall(r'"tls\.([a-z-]+)"', SOURCES["step/step_tls_options.c"])) |
                set(re.findall(r'"tls\.([a-z-]+)"', SOURCES["step/step_tls.c"])),
        "`login`": strings("step/step_login.c"),
        "variable": strings("scenario/steps.c", "check_bind_all", "always"),
    }


MANUAL = (ROOT / "docs" / "scenario-language.md").read_text()


def manual_tables(text):
    """Head of a table: the words at the start of the code in its first column."""
    found = {}
    for head, body in re.findall(r"^\| ([^|]+) \| meaning \|\n\|[-|]+\n((?:\|.*\n?)*)", text, re.M):
        assert head not in found, f"two tables are headed {head}"
        cells = [re.split(r"(?<!\\)\|", line)[1:3] for line in body.splitlines()]
        words = found[head] = set()
        for first, meaning in cells:
            words.update(re.match(r"[a-z0-9-]*", code).group() for code in re.findall("`([^`]+)`", first))
            if head == "variable":
                words.update(re.findall(r"`([a-z]+[0-9])`", meaning))
    return found


def same(what, said, known):
    assert said == known, (f"{what}: not in the manual: {sorted(known - said)}; "
                           f"not in the program: {sorted(said - known)}")


def the_manual_has_every_key_and_no_other():
    said, known = manual_tables(MANUAL), tables()
    for head in set(said) & {"response"}:
        del said[head]
    same("tables", set(said), set(known))
    for head, words in known.items():
        same(head, said[head], words)


def no_table_of_keys_is_forgotten():
    tables()
    for file, text in SOURCES.items():
        if file in ("scenario/baseline.c", "scenario/clause.c", "scenario/target_file.c"):
            continue
        for found in re.finditer(ARRAY.format(r"\w*keys"), text):
            assert (file, found.start()) in USED, f"{file}: {found.group()[:80]} is in no table here"


def options_said(cell, name):
    every = macro("REPLY_OPTIONS")
    also = set(re.findall(rf"`{name}` also `([a-z-]+)`", cell))
    if cell.startswith("all but"):
        return every - set(re.findall("`([^`]+)`", cell))
    if cell.startswith("all"):
        return every | also
    return set() if cell == "none" else set(re.findall("`([^`]+)`", cell))


def the_manual_says_which_verb_takes_what():
    who = {"FOR_ALL": "all", "FOR_IMAP": "IMAP", "FOR_SMTP": "SMTP, LMTP", "FOR_IMAP | FOR_POP3": "IMAP, POP3"}
    known, said = verbs(), {}
    body = re.search(r"^\| verbs \| options \| devices \|\n\|[-|]+\n((?:\|.*\n)*)", MANUAL, re.M).group(1)
    for line in body.splitlines():
        names, options, devices = (cell.strip() for cell in line.strip("|").split("|"))
        for name in re.findall("`([^`]+)`", names):
            said[name] = (options_said(options, name), devices)
    same("verbs", set(said), set(known))
    for name, (options, devices) in known.items():
        same(name, said[name][0], options)
        assert said[name][1] == who[devices], f"{name} is for {devices}, not {said[name][1]}"


def the_manual_has_every_word():
    code = set()
    prose = re.sub(r"^```.*?^```", "", MANUAL, flags=re.M | re.S)
    for span in re.findall(r"`([^`]+)`", prose):
        code.update(re.findall(r"[A-Za-z0-9.=+-]+", span))
    places = [("scenario/check_parts.c", "", "device_state_names"),
              ("scenario/check_parts.c", "", "device_kind_names"),
              ("scenario/check_parts.c", "static void check_shape", "words"),
              ("scenario/target.c", "", "tls_mode_names"),
              ("scenario/check_load.c", "load_level", "words"),
              ("step/step_await.c", "step_idle_check", "words"),
              ("step/step_connection.c", "", "ways"),
              ("step/step_connection.c", "step_closed_check", "words"),
              ("step/step_mail.c", "", "ways"), ("step/step_login.c", "", "outcomes"),
              ("step/step_tls_options.c", "", "versions"),
              ("step/step_tls_options.c", "", "verify_words"),
              ("step/step_world.c", "step_restart_check", "words")]
    for place in places:
        missing = strings(*place) - code
        assert not missing, f"{place[0]}: the manual does not say {missing}"
    message = (ROOT / "harness" / "wire" / "email_message.c").read_text()
    for name in re.findall(r'\[EMAIL_\w+\] = \{ "(\w+)"', message):
        assert name in code, f"the manual does not say {name}"


def schema_keys(node, path):
    for step in path.split("/"):
        while "$ref" in node:
            node = SCHEMA["definitions"][node["$ref"].rsplit("/", 1)[1]]
        for choice in node.get("anyOf", []):
            choice = SCHEMA["definitions"][choice["$ref"].rsplit("/", 1)[1]] if "$ref" in choice else choice
            node = choice if choice.get("type") == "object" else node
        node = node[step] if step in ("items", "additionalProperties") else node["properties"][step]
    while "$ref" in node:
        node = SCHEMA["definitions"][node["$ref"].rsplit("/", 1)[1]]
    for choice in node.get("anyOf", []):
        choice = SCHEMA["definitions"][choice["$ref"].rsplit("/", 1)[1]] if "$ref" in choice else choice
        node = choice if choice.get("type") == "object" else node
    assert node.get("additionalProperties") is not True and "properties" in node, f"{path} takes any key"
    return set(node["properties"])


SCHEMA = json.loads((ROOT / "reports" / "schemas" / "scenario.json").read_text())


def the_schema_has_every_key_and_no_other():
    known = tables()
    same("schema", set(SCHEMA["properties"]), known["file"])
    for head in ("check", "device", "message", "TLS"):
        same(f"schema: {head}", set(SCHEMA["definitions"][head.lower()]["properties"]), known[head])
        assert SCHEMA["definitions"][head.lower()]["additionalProperties"] is False, head
    action = known["verb"].union(*(options for options, _ in verbs().values()))
    same("schema: action", set(SCHEMA["definitions"]["action"]["properties"]), action)
    assert SCHEMA["definitions"]["action"]["additionalProperties"] is False
    same("schema: step", set(SCHEMA["definitions"]["step"]["properties"]),
         known["step"] | {"both", "all", "why", "title", "or-skip"})
    for head in ("needs", "given"):
        same(f"schema: {head}", schema_keys(SCHEMA["definitions"]["check"], head), known[f"`{head}`"])
    same("schema: shape", schema_keys(SCHEMA["definitions"]["device"], "shape"), known["`shape`"])
    for verb in ("connect", "capabilities", "mail", "data", "delivered", "login", "body"):
        same(f"schema: {verb}", schema_keys(SCHEMA["definitions"]["action"], verb), known[f"`{verb}`"])
    for verb in ("eventually", "include", "if", "next-hop"):
        same(f"schema: {verb}", schema_keys(SCHEMA["definitions"]["step"], verb), known[f"`{verb}`"])


def target_and_baseline_files_are_documented():
    file = "scenario/target_file.c"
    targets, baselines = ((ROOT / "docs" / name).read_text() for name in ("targets.md", "baselines.md"))
    top = strings(file, array="top_keys")
    same("targets.md", manual_tables(targets)["key"], top)
    for marker in ("load_password", "load_account", "load_tls", "load_limits", "load_control"):
        for word in strings(file, f"static void {marker}(struct"):
            assert re.search(rf"`{{?{word}\b", targets), f"targets.md does not say {word} ({marker})"
    same("baselines.md", manual_tables(baselines)["key"], strings("scenario/baseline.c"))
    for word in strings("scenario/baseline.c", "static void load_entry", "outcomes"):
        assert f"`{word}`" in baselines, word


# ---- the examples of the manual ----

def examples(text):
    return re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)


def a_file(name, content, *args):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        path.write_text(content)
        result = subprocess.run([PROGRAM, *args, str(path)], capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, MAILASSAY_SCENARIOS=str(ROOT / "scenarios"), NO_COLOR="1"))
        return result.stdout + result.stderr, result.returncode


def steps_of_the_manual(steps):
    head = re.match(r"# steps with (devices|each): (.*)", steps)
    said = {"devices": "{phone: imap, laptop: imap}", "each": None}
    if head:
        said[head.group(1)] = head.group(2)
    text = ("  one:\n    title: A title\n    clause: rfc3501/9/fetch-list\n"
            "    proved-by: imap.fetch.trailing-space\n"
            "    given: {mailbox: work, messages: [plain, plain]}\n")
    text += "".join(f"    {key}: {value}\n" for key, value in said.items() if value)
    return text + "    steps:\n" + textwrap.indent(steps, "      ")


def examples_of_the_manual_are_right():
    found, before = examples(MANUAL), MANUAL.index("## 10.")
    assert len(found) > 5
    for example in found:
        if "topic:" in example:
            output, status = a_file("example.yaml", example, "check")
            assert status == 0, output
            output, status = a_file("example.yaml", example, "selftest")
            expect(output, "1 killed, 0 survived")
        elif MANUAL.index(example) < before:
            output, status = run(steps_of_the_manual(example), "check")
        else:
            output, status = run(steps_of_the_manual(example), "selftest", "--clean-only")
        assert status == 0, f"{example}\n{output}"


def examples_of_other_pages_are_right():
    for page, name in (("targets.md", "target.yaml"), ("baselines.md", "baseline.yaml")):
        found = examples((ROOT / "docs" / page).read_text())
        assert found, page
        for example in found:
            output, status = a_file(name, example, "check")
            assert status == 0, output


# What the bundled scenarios do not use: devices, given and steps.
SELDOM = [
    ("{phone: imap}", """
        needs: {services: [imap, submissions], restart: true, next-hop: true, outside: true, accounts: 2,
                imap: [IDLE, IDLE|X-NO, '!X-NO', AUTH=PLAIN, '!X-A|X-B'], pop3: TOP}
        steps:
          - phone: NOOP
    """), ("{a: {protocol: imap, source: 127.0.0.7}, b: {protocol: imap, shape: {split: 3, slow: 1ms}}}", """
        steps:
          - both: NOOP
    """), ("{phone: {protocol: imap, state: closed}}", """
        steps:
          - phone: {connect: {expect: 'OK [CAPABILITY ...]'}}
          - phone: {connect: {state: login}}
          - phone: {close: reset}
          - phone: {connect: ok}
          - phone: {login: ok}
    """), ("{mx: smtp, phone: imap, pop: {protocol: pop3, state: closed}, agent: submission}", """
        given:
          inbox: []
          mailboxes: {}
          inbox2: []
        steps:
          - mx: {send: NOOP, expect: success}
          - mx: {send: FOO, expect: [500 5.5.x, 421]}
    """), ("{mx: smtp, phone: imap, pop: {protocol: pop3, state: closed}, agent: submission}", """
        given: {messages: [plain, {headers: "X-T: a\\r\\n", forwarded: 2, subject: S, ending: dots, size: 9000}]}
        steps:
          - mx: {mail: {from: $address, to: [$address], message: $msg1, rcpt-params: NOTIFY=NEVER}}
          - phone: {delivered: {message: $msg1, within: 5s, trace: [X-Foo], header: '/^Return-Path: <$address>/'}}
          - mx: {mail: {from: $address, to: $address, message: $msg2, by: bdat}, within: 9s}
          - pop: {delivered: {message: $msg2}}
          - agent: {mail: {from: $address, to: $outside, message: $msg1}}
          - next-hop: {message: $msg1, to: $outside, from: $address, trace: [X-Foo], within: 5s, raw-without: XX}
    """), ("{phone: imap}", """
        given: {mailbox: work, messages: [plain]}
        steps:
          - include: {file: common/count.yaml, with: {box: $work}}
          - phone: {send: NOOP, where: [$n == 1, $box == $work, $msg1.top0 == $msg1.header]}
    """), ("{phone: {service: imap, state: greeting}}", """
        needs: {certificates: true}
        steps:
          - phone: {starttls: {name: mail.mailassay.test, verify: full}, where: $tls.name-matches == yes}
          - phone: {login: {mechanism: PLAIN, initial-response: false, tokens: [!raw '*'], expect: refused, save: a,
                            outline: b}, where: $b == BAD or $b == NO}
          - phone: {login: {mechanism: LOGIN-COMMAND}}
    """), ("{phone: {service: imap, state: greeting}}", """
        steps:
          - phone: {starttls: {name: other.example, expect: failed}}
    """)]


def what_is_seldom_used_works():
    for devices, body in SELDOM:
        checks = check(body).replace("{phone: imap}", devices, 1)
        output, status = run(checks, "selftest", "--clean-only", "-v", "imap/x")
        assert status == 0 and "pass  imap/x/one" in output, f"{body}\n{output}"


def helped(command):
    result = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True)
    return set(re.findall(r"(?<=[ ,])--?[a-z][a-z-]*", result.stdout))


def every_command_tells_about_itself():
    listed = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z]+) {2,}", listed, re.M)
    assert "schema" in commands and "version" in commands, listed
    for command in commands:
        result = subprocess.run([PROGRAM, command, "--help"], capture_output=True, text=True)
        assert result.returncode == 0 and result.stderr == "", f"{command} --help: {result}"
        assert command == "version" or result.stdout.startswith(f"usage: mailassay {command}"), command
    for wrong in (["schema"], ["schema", "scenaro"], ["completion", "zsh"], ["schema", "--all"]):
        result = subprocess.run([PROGRAM, *wrong], capture_output=True, text=True)
        assert result.returncode == 2 and result.stdout == "" and result.stderr, f"{wrong}: {result}"


def commands_of_the_pages_exist():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    listed = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    commands = set(re.findall(r"^  ([a-z]+) {2,}", listed, re.M))
    seen = 0
    for page in pages:
        if page.stem in ("ports", "profiles", "discover") and page.stem not in commands:
            continue  # a page of a command that is not there yet
        for line in re.findall(r"(?:^    |`)(mailassay [a-z].*?)(?:`|$|  +#)", page.read_text(), re.M):
            words = line.split()
            assert words[1] in commands, f"{page.name}: {line}: no such command"
            for option in re.findall(r"(?<= )--?[a-z][a-z-]*", line):
                option = re.sub(r"^-([a-z])\1+$", r"-\1", option)  # -vv
                assert option in helped(words[1]), f"{page.name}: {line}: no option {option}"
            seen += 1
    assert seen > 10, seen
    manual = (ROOT / "docs" / "mailassay.1").read_text().replace("\\-", "-")
    section = manual[manual.index(".SH COMMANDS"):manual.index(".SH ENVIRONMENT")]
    said = set(re.findall(r"^\.B ([a-z]+)", section, re.M)) | set(re.findall(r"\\fB([a-z]+)", section))
    same("mailassay.1", said - {"mailassay"}, commands)


TESTS = [an_upheld_invariant_fails_the_step, without_it_the_check_passes,
         unknown_invariants_are_mistakes, a_step_can_skip_the_check,
         a_step_that_does_not_fail_does_not_skip, variants_name_messages,
         messages_that_do_not_exist_are_mistakes, golden_values_belong_to_golden_messages,
         unknown_parts_of_messages_are_mistakes, a_need_takes_back_nothing,
         options_of_a_file_are_mistakes, check_says_what_it_looked_at,
         the_manual_has_every_key_and_no_other, no_table_of_keys_is_forgotten,
         the_manual_says_which_verb_takes_what, the_manual_has_every_word,
         the_schema_has_every_key_and_no_other, target_and_baseline_files_are_documented,
         examples_of_the_manual_are_right, examples_of_other_pages_are_right,
         what_is_seldom_used_works, every_command_tells_about_itself, commands_of_the_pages_exist]


if __name__ == "__main__":
    sys.exit(run_tests(TESTS))

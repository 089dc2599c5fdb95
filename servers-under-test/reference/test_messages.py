#!/usr/bin/env python3
"""Checks the golden messages (scenarios/messages) with Python's email package as a second opinion:
size of the file, tree of media types, octets and lines of every part, fields of the ENVELOPE. The
values in the YAML files were written by hand from the RFCs, so neither side knows of the other."""

import email
import email.policy
from email._parseaddr import AddressList  # getaddresses() drops what it finds suspicious
import itertools
import re
import sys
from pathlib import Path

# Messages that email.parser reads in another way than RFC 2046 or that have no one reading.
OTHER_TREE = {
    'equal-boundaries': 'the outer multipart ends at the first delimiter for email.parser',
    'empty-multipart': 'a server must make up a part',
    'no-close': 'email.parser takes the last line end from a part that nothing closes',
}
POLICY = email.policy.compat32.clone(linesep='\r\n', max_line_length=0)


def read_yaml(path):
    """key: 'value' lines; lists below a key are other accepted values and are not needed here."""
    values = {}
    for line in path.read_text(encoding='utf-8').splitlines():
        match = re.match(r"([a-z-]+): (?:'((?:[^']|'')*)'|(\d+))$", line)
        if match:
            values[match[1]] = match[3] or match[2].replace("''", "'")
    return values


TOKEN = re.compile(r'\s*(?:([()])|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')


def parse(text):
    """IMAP lists as Python lists, NIL as None, numbers as int, strings as str."""
    stack = [[]]
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        at = match.end()
        if match[1] == '(':
            stack.append([])
        elif match[1] == ')':
            done = stack.pop()
            stack[-1].append(done)
        elif match[2] is not None:
            stack[-1].append(re.sub(r'\\(.)', r'\1', match[2]))
        else:
            stack[-1].append(None if match[3] == 'NIL' else int(match[3]))
    return stack[0][0]


def octets(part):
    if part.get_content_type() == 'message/rfc822':
        return part.get_payload(0).as_bytes(policy=POLICY)
    return part._payload.encode('utf-8', 'surrogateescape')  # get_payload() decodes charsets


def lines(data):
    return data.count(b'\n') + (1 if data and not data.endswith(b'\n') else 0)


def compare_leaf(body, part, where, wrong):
    data = octets(part)
    got = f'{body[0]}/{body[1]}'.lower()
    want = re.sub(r' *\(.*\)', '', part.get_content_type())  # email keeps comments
    if got != want:
        wrong(f'{where}: type {got}, email says {want}')
    if body[6] != len(data):
        wrong(f'{where}: {body[6]} octets, email says {len(data)}')
    said = part.get('Content-Transfer-Encoding', '7bit').strip().lower()
    if body[5].lower() != said:
        wrong(f'{where}: encoding {body[5]}, email says {said}')
    if got.startswith('text/') and body[7] != lines(data):
        wrong(f'{where}: {body[7]} lines, email says {lines(data)}')
    if got == 'message/rfc822':
        compare_envelope(body[7], part.get_payload(0), where, wrong)
        compare_body(body[8], part.get_payload(0), where + '.1', wrong)
        if body[9] != lines(data):
            wrong(f'{where}: {body[9]} lines, email says {lines(data)}')


def compare_body(body, part, where, wrong):
    if not isinstance(body[0], list):
        compare_leaf(body, part, where, wrong)
        return
    children = list(itertools.takewhile(lambda item: isinstance(item, list), body))
    if not part.is_multipart() or len(children) != len(part.get_payload()):
        wrong(f'{where}: {len(children)} parts, email sees another number')
        return
    if body[len(children)].lower() != part.get_content_subtype():
        wrong(f'{where}: multipart/{body[len(children)]}')
    for i, child in enumerate(children):
        compare_body(child, part.get_payload(i), f'{where}.{i + 1}', wrong)


def raw_field(message, name):
    for key, value in message._headers:  # get() makes Header objects of 8-bit text
        if key.lower() == name:
            text = value.encode('ascii', 'surrogateescape').decode('utf-8')
            return re.sub(r'\r?\n', '', text).strip()
    return None


def compare_envelope(envelope, message, where, wrong):
    strings = {0: 'date', 1: 'subject', 8: 'in-reply-to', 9: 'message-id'}
    for at, name in strings.items():
        if envelope[at] != raw_field(message, name):
            wrong(f'{where}: {name} {envelope[at]!r}, email says {raw_field(message, name)!r}')
    for at, name in {2: 'from', 5: 'to', 6: 'cc', 7: 'bcc'}.items():
        shown = [a for a in envelope[at] or [] if a[3]]
        got = [(a[0] or '', f'{a[2]}@{a[3]}') for a in shown]
        value = raw_field(message, name) or ''
        want = [a for a in AddressList(value).addresslist if '@' in a[1]]
        want = [(a[0], a[1].replace('"', '')) for a in want]
        if got != want:
            wrong(f'{where}: {name} {got}, email says {want}')


def check(path):
    values = read_yaml(path.with_suffix('.yaml'))
    data = path.read_bytes()
    wrongs = []
    message = email.message_from_bytes(data, policy=POLICY)
    if int(values['size']) != len(data):
        wrongs.append(f'size {values["size"]}, the file has {len(data)}')
    for key in 'body', 'bodystructure':
        if path.stem not in OTHER_TREE:
            compare_body(parse(values[key]), message, key, wrongs.append)
    compare_envelope(parse(values['envelope']), message, 'envelope', wrongs.append)
    return wrongs


def main():
    paths = sorted(Path(sys.argv[1]).glob('*.eml'))
    print(f'1..{len(paths)}')
    failed = 0
    for number, path in enumerate(paths, 1):
        wrongs = check(path)
        failed += bool(wrongs)
        print(f'{"not ok" if wrongs else "ok"} {number} - {path.stem}')
        for wrong in wrongs:
            print(f'# {wrong}')
    return 1 if failed or not paths else 0


if __name__ == '__main__':
    sys.exit(main())

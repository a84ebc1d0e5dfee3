"""Messages with attachments: programs in every disguise that is known, and what only looks like one."""
import base64

PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00\xb8" + bytes(100)
PROGRAM_BASE64 = base64.encodebytes(PROGRAM).replace(b"\n", b"\r\n")


def mixed(*parts, boundary="frontier", end=True, top="MIME-Version: 1.0\r\n"):
    """A message of these parts, each header and body."""
    text = f"Subject: parts\r\n{top}Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
    for part in ("Content-Type: text/plain\r\n\r\nsee below\r\n", *parts):
        text += f"--{boundary}\r\n{part}"
    return text + (f"--{boundary}--\r\n" if end else "")


def attached(*fields, body="data\r\n"):
    """A message with one attachment of these header fields."""
    return mixed("\r\n".join(fields) + "\r\n\r\n" + body)


def disposition(parameters):
    return attached("Content-Type: application/octet-stream", "Content-Disposition: " + parameters)


EXE = "Content-Type: application/octet-stream; name=x.exe\r\n\r\ndata\r\n"
FORWARDED = "Content-Type: message/rfc822\r\n\r\n"


def nested(levels):
    part = EXE
    for level in range(levels):
        part = (f"Content-Type: multipart/mixed; boundary=level{level}\r\n\r\n"
                f"--level{level}\r\n{part}--level{level}--\r\n")
    return mixed(part)


NAME_TRICKS = {
    "in_the_plain": 'attachment; filename="x.exe"',
    "in_capitals": 'attachment; filename="INVOICE.EXE"',
    "behind_another_extension": 'attachment; filename="invoice.pdf.exe"',
    "behind_many_blanks": 'attachment; filename="invoice.pdf' + " " * 100 + '.exe"',
    "with_a_dot_at_the_end": 'attachment; filename="x.exe."',
    "with_dots_and_blanks_at_the_end": 'attachment; filename="x.exe. . ."',
    "without_quotes": "attachment; filename=x.exe",
    "in_single_quotes": "attachment; filename='x.exe'",
    "without_a_closing_quote": 'attachment; filename="x.exe',
    "with_an_escaped_letter": 'attachment; filename="x.\\exe"',
    "with_a_semicolon": 'attachment; filename="a;b.exe"',
    "with_quotes_inside": 'attachment; filename="a\\"b\\".exe"',
    "with_a_windows_path": 'attachment; filename="C:\\\\temp\\\\x.exe"',
    "with_a_path": 'attachment; filename="../../x.exe"',
    "as_a_data_stream": 'attachment; filename="x.exe::$DATA"',
    "after_a_comment": "attachment; (a comment) filename=x.exe",
    "before_a_comment": "attachment; filename=x.exe (a comment)",
    "without_a_disposition": "filename=x.exe",
    "without_a_semicolon": "attachment filename=x.exe",
    "inline": "inline; filename=x.exe",
    "of_an_unknown_disposition": "x-unknown; filename=x.exe",
    "in_odd_case": "AttachMent; FileName=x.exe",
    "with_blanks_around_the_equals_sign": 'attachment; filename = "x.exe"',
    "on_a_line_of_its_own": 'attachment;\r\n\tfilename="x.exe"',
    "folded_in_the_middle": 'attachment; filename="x.\r\n exe"',
    "named_twice_bad_first": "attachment; filename=x.exe; filename=x.txt",
    "named_twice_bad_last": "attachment; filename=x.txt; filename=x.exe",
    "by_rfc_2231": "attachment; filename*=utf-8''x%2Eexe",
    "by_rfc_2231_beside_a_harmless_name": "attachment; filename=x.txt; filename*=utf-8''x.exe",
    "beside_a_harmless_name_by_rfc_2231": "attachment; filename*=utf-8''x.txt; filename=x.exe",
    "by_rfc_2231_in_pieces": 'attachment; filename*0="x.e"; filename*1="xe"',
    "by_rfc_2231_in_encoded_pieces": "attachment; filename*0*=utf-8''x%2E; filename*1*=%65xe",
    "by_rfc_2231_in_mixed_pieces": "attachment; filename*0*=utf-8''x%2E; filename*1=exe",
    "by_rfc_2231_out_of_order": 'attachment; filename*1="xe"; filename*0="x.e"',
    "by_rfc_2231_without_a_charset": "attachment; filename*=''x.exe",
    "by_rfc_2231_in_an_unknown_charset": "attachment; filename*=x-none''x%2Eexe",
    "by_rfc_2231_with_a_nul": "attachment; filename*=utf-8''x.exe%00.txt",
    "by_rfc_2047_base64": 'attachment; filename="=?utf-8?B?eC5leGU=?="',
    "by_rfc_2047_quoted": 'attachment; filename="=?us-ascii?Q?x=2Eexe?="',
    "by_rfc_2047_without_quotes": "attachment; filename==?utf-8?Q?x=2Eexe?=",
    "by_rfc_2047_in_two_words": 'attachment; filename="=?utf-8?Q?x=2E?= =?utf-8?Q?exe?="',
    "by_rfc_2047_in_two_lines": 'attachment; filename="=?utf-8?B?eC4=?=\r\n =?utf-8?B?ZXhl?="',
    "by_rfc_2047_inside_rfc_2231": 'attachment; filename*0="=?utf-8?B?eC5l"; filename*1="eGU=?="',
    "by_rfc_2047_in_utf_7": 'attachment; filename="=?utf-7?Q?x+AC4-exe?="',
    "by_rfc_2047_in_utf_16": 'attachment; filename="=?utf-16le?B?eAAuAGUAeABlAA==?="',
    "by_rfc_2047_behind_text": 'attachment; filename="abc=?utf-8?Q?.exe?="',
    "with_percent_signs": "attachment; filename=x%2Eexe",
    "with_a_wide_dot": "attachment; filename*=utf-8''x%EF%BC%8Eexe",
    "with_an_invisible_end": "attachment; filename*=utf-8''x.exe%E2%80%8B",
    "written_from_right_to_left": "attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe",
    "with_eight_bit_bytes": 'attachment; filename="r\xe9sum\xe9.exe"',
}

MESSAGE_TRICKS = {
    "named_in_the_content_type": attached("Content-Type: application/octet-stream; name=x.exe"),
    "named_twice_in_the_content_type":
        attached("Content-Type: application/octet-stream; name=x.txt; name=x.exe"),
    "named_harmlessly_in_the_disposition":
        attached("Content-Type: application/octet-stream; name=x.exe",
                 "Content-Disposition: attachment; filename=x.txt"),
    "named_in_the_second_of_two_fields":
        attached("Content-Disposition: attachment; filename=x.txt",
                 "Content-Disposition: attachment; filename=x.exe"),
    "named_in_a_field_with_a_blank_before_its_colon":
        attached("Content-Disposition : attachment; filename=x.exe"),
    "named_as_text": attached('Content-Type: text/plain; name="x.vbs"'),
    "named_as_a_picture": attached('Content-Type: image/png; name="x.png.js"'),
    "of_a_bad_type_without_a_name": attached("Content-Type: application/x-msdownload"),
    "of_a_bad_type_in_odd_case": attached("Content-Type: Application/X-MSDownload; x=y"),
    "that_is_the_whole_message":
        "Subject: x\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/octet-stream; name=x.exe\r\n\r\ndata\r\n",
    "without_a_mime_version": mixed(EXE, top=""),
    "without_a_closing_boundary": mixed(EXE, end=False),
    "behind_the_closing_boundary": mixed() + "--frontier\r\n" + EXE + "--frontier--\r\n",
    "in_a_forwarded_message": mixed(FORWARDED + mixed(EXE)),
    "in_a_message_forwarded_twice": mixed(FORWARDED + mixed(FORWARDED + mixed(EXE, boundary="b"),
                                                            boundary="a")),
    "in_a_forwarded_message_in_base64":
        mixed("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
              base64.encodebytes(mixed(EXE, boundary="inner").encode()).decode()
              .replace("\n", "\r\n")),
    "in_a_forwarded_message_in_quoted_printable":
        mixed("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
              mixed(EXE, boundary="inner").replace("=", "=3D")),
    "in_a_digest": "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=d"
                   "\r\n\r\n--d\r\n\r\n" + mixed(EXE) + "--d--\r\n",
    "ten_levels_down": nested(10),
    "below_an_mbox_line": "From a@example.com Tue Nov 24\r\n" + mixed(EXE),
    "without_a_semicolon_before_the_boundary":
        mixed(EXE).replace("multipart/mixed; boundary", "multipart/mixed boundary"),
    "without_a_boundary_parameter": mixed(EXE).replace("; boundary=frontier", ""),
    "with_an_empty_boundary": mixed(EXE, boundary="").replace("boundary=", 'boundary=""', 1),
    "with_a_comment_behind_the_boundary":
        mixed(EXE).replace("boundary=frontier", "boundary=frontier (comment)", 1),
    "with_the_second_of_two_content_types":
        "Content-Type: text/plain\r\n" + mixed(EXE),
    "with_the_second_of_two_boundaries":
        mixed(EXE).replace("boundary=frontier", "boundary=other; boundary=frontier"),
    "with_a_quoted_boundary": mixed(EXE).replace("boundary=frontier", 'boundary="frontier"'),
    "with_a_boundary_by_rfc_2231":
        mixed(EXE).replace("boundary=frontier", 'boundary*0="fron"; boundary*1="tier"'),
    "with_blanks_behind_the_boundary":
        mixed(EXE).replace("--frontier\r\n", "--frontier  \t\r\n"),
    "uuencoded_in_the_text": "Subject: x\r\n\r\nsee below\r\n\r\nbegin 644 x.exe\r\n"
                             "#9&%T\r\n`\r\nend\r\n",
    "uuencoded_in_html": mixed("Content-Type: text/html\r\n\r\n<p>\r\nbegin 644 x.exe\r\n#9&%T\r\n`"
                               "\r\nend\r\n"),
    "uuencoded_in_base64_text":
        mixed("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
              base64.b64encode(b"begin 644 x.exe\r\n#9&%T\r\n`\r\nend\r\n").decode() + "\r\n"),
    "yencoded_in_the_text": "Subject: x\r\n\r\n=ybegin line=128 size=3 name=x.exe\r\nabc\r\n"
                            "=yend size=3\r\n",
    "that_is_a_program_by_another_name":
        attached("Content-Type: application/pdf; name=report.pdf",
                 "Content-Transfer-Encoding: base64", body=PROGRAM_BASE64.decode()),
    "that_is_a_program_without_a_name":
        attached("Content-Transfer-Encoding: Base64", body=PROGRAM_BASE64.decode()),
    "that_is_a_program_in_base64_with_junk":
        attached("Content-Type: application/pdf", "Content-Transfer-Encoding: base64",
                 body=" " + PROGRAM_BASE64.decode().replace("V", "!V\r\n", 1)),
    "that_is_a_program_with_the_second_of_two_encodings":
        attached("Content-Type: application/pdf", "Content-Transfer-Encoding: 7bit",
                 "Content-Transfer-Encoding: base64", body=PROGRAM_BASE64.decode()),
    "that_is_a_program_in_an_encoding_with_a_comment":
        attached("Content-Type: application/pdf", "Content-Transfer-Encoding: (x) base64",
                 body=PROGRAM_BASE64.decode()),
    "that_is_a_program_in_quoted_printable":
        attached("Content-Type: application/pdf", "Content-Transfer-Encoding: quoted-printable",
                 body="MZ=90=00=03=00=00=00=04=00=00=00=FF=FF\r\n"),
    "that_is_a_linux_program":
        attached("Content-Type: image/png; name=a.png", "Content-Transfer-Encoding: base64",
                 body=base64.b64encode(b"\x7fELF\x02\x01\x01" + bytes(50)).decode() + "\r\n"),
}

HARMLESS = {
    "a_text": "Subject: x\r\n\r\nhello\r\n",
    "nothing": "\r\n",
    "a_text_about_programs": "Subject: x.exe\r\n\r\nDon't open x.exe, says\r\nbegin here x.exe\r\n",
    "a_pdf": disposition('attachment; filename="invoice.pdf"'),
    "an_archive": disposition('attachment; filename="backup.tar.gz"'),
    "a_spreadsheet": disposition('attachment; filename="numbers.xlsx"'),
    "a_name_without_an_extension": disposition("attachment; filename=exe"),
    "a_name_with_exe_in_the_middle": disposition('attachment; filename="setup.exe.txt"'),
    "an_executive_summary": disposition('attachment; filename="executive.exec.odt"'),
    "a_name_by_rfc_2231": disposition("attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.pdf"),
    "a_name_by_rfc_2047": disposition('attachment; filename="=?utf-8?Q?gr=C3=B6=C3=9Fe.pdf?="'),
    "a_forwarded_message": mixed(FORWARDED + mixed(boundary="inner")),
    "a_uuencoded_text": "Subject: x\r\n\r\nbegin 644 notes.txt\r\n#9&%T\r\n`\r\nend\r\n",
    "a_text_that_begins_with_mz": attached("Content-Type: text/plain; name=a.txt",
                                           body="MZ is not a program here\r\n"),
    "a_picture": attached("Content-Type: image/png; name=a.png",
                          "Content-Transfer-Encoding: base64",
                          body=base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(50)).decode() + "\r\n"),
    "html_and_text": "Subject: x\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
                     "--b\r\nContent-Type: text/plain\r\n\r\na\r\n--b\r\nContent-Type: text/html"
                     "\r\n\r\n<p>a</p>\r\n--b--\r\n",
}

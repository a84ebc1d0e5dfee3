"""The client's half of SCRAM-SHA-256 (RFC 5802), for smtplib and for raw conversations."""
import base64
import hashlib
import hmac
import os
import re


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def log_in(say, user, password, header="n,,"):
    """Logs in over `say`, which sends a line and returns (code, text) as smtplib's docmd() does. Returns
    the last (code, text); raises where the server doesn't prove that it knows the secret."""
    nonce = b64(os.urandom(18))
    bare = f"n={user},r={nonce}"
    code, text = say("AUTH SCRAM-SHA-256 " + b64(header + bare))
    if code != 334:
        return code, text
    first = base64.b64decode(text).decode()
    whole, salt, rounds = re.fullmatch(r"r=(.*),s=(.*),i=(\d+)", first).groups()
    assert whole.startswith(nonce) and len(whole) > len(nonce), "the nonce is not an answer to ours"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    last = f"c={b64(header)},r={whole}"
    signed = f"{bare},{first},{last}".encode()
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    code, text = say(b64(f"{last},p={b64(proof)}"))
    if code != 334:
        return code, text
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    expected = "v=" + b64(hmac.digest(server_key, signed, "sha256"))
    assert base64.b64decode(text).decode() == expected, "the server doesn't know the secret"
    return say("")

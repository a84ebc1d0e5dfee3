"""Whose mail it is, told to a real Postfix: what it logs of the clients behind the gateway."""
import re
import smtplib
import threading
import unittest
import urllib.request

import postfix
from harness import CaseTest, Gateway, login, wait_until

CLIENTS = 20
MESSAGES = 10  # of each

server = None  # the Postfix of all tests here


def setUpModule():
    global server
    postfix.require()
    server = unittest.enterModuleContext(postfix.Postfix())


def upstream(listener, settings=""):
    return (f'[upstream.main]\nhost = "127.0.0.1"\nport = {server.ports[listener]}\ntls = "never"\n'
            f"{settings}\n")


class ForwardingTest(CaseTest):
    """Mail from many clients, each of an address of its own, at the same time."""

    listener = None
    settings = ""

    @classmethod
    def setUpClass(cls):
        if cls.listener is None:
            return
        cls.metrics, = postfix.free_ports(1)
        cls.gateway = cls.enterClassContext(Gateway(
            top=f'threads = 2\nmetrics_address = "127.0.0.1:{cls.metrics}"',
            extra=upstream(cls.listener, cls.settings)))

    def client(self, address, name="client.example.org"):
        return smtplib.SMTP("127.0.0.1", self.gateway.ports["mx"], local_hostname=name,
                            source_address=(address, 0), timeout=60)

    def prefix(self):
        """Of the recipients of this test."""
        return f"{self._testMethodName[5:35]}.{self.listener}.".lower()

    def recipient(self, number, message):
        return f"{self.prefix()}{number}.{message}@example.com"

    def opened(self):
        """Connections that the gateway has opened to Postfix."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics") as page:
            return int(re.search(r'upstream_connections_opened_total{upstream="main"} (\d+)',
                                 page.read().decode())[1])

    def send_from_all(self):
        """Each message's id here, by the address of its client."""
        failures = []

        def one(number):
            try:
                with self.client(f"127.0.0.{number}", f"client{number}.example.org") as client:
                    for message in range(MESSAGES):
                        client.sendmail("a@example.org", [self.recipient(number, message)],
                                        b"Subject: one of many\r\n\r\nhello\r\n")
            except (OSError, smtplib.SMTPException) as failed:
                failures.append(failed)

        threads = [threading.Thread(target=one, args=(10 + n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return self.ids()

    def ids(self):
        """Our id of each message and the address that it came from, as the gateway logged them."""
        mine = re.compile(rf" message .*{re.escape(self.prefix())}.* verdict=accepted ")
        lines = [line for line in self.gateway.log().splitlines() if mine.search(line)]
        return {re.search(r" id=(\S+)", line)[1]: re.search(r" src=\[(\S+?)\]:", line)[1]
                for line in lines}


class Xforward(ForwardingTest):
    listener = "xforward"

    def test_postfix_logs_our_id_and_the_client_of_every_message(self):
        sent = self.send_from_all()
        self.assertEqual(len(sent), CLIENTS * MESSAGES)
        log = wait_until(lambda: (text := server.log()).count("orig_queue_id=") >= len(sent)
                         and text, "Postfix to log them")
        logged = dict(re.findall(r"client=\S+, orig_queue_id=(\S+), orig_client=unknown\[(\S+)\]", log))
        self.assertEqual({key: logged.get(key) for key in sent}, sent)

    def test_a_refused_message_is_told_of_too_and_the_next_one_anew(self):
        with self.client("127.0.0.9") as client:
            with self.assertRaises(smtplib.SMTPRecipientsRefused):
                client.sendmail("a@example.org", ["refused@example.com"], b"Subject: x\r\n\r\n")
            client.sendmail("a@example.org", [self.recipient(9, 1)], b"Subject: x\r\n\r\nx\r\n")
        server.wait_for_mail(self.recipient(9, 1))
        self.assertRegex(server.log(), r"orig_client=unknown\[127\.0\.0\.9\]")


class OwnRules(ForwardingTest):
    """What holds where Postfix takes the client for the one that is connected."""

    def check_every_message(self):
        sent = self.send_from_all()
        self.assertEqual(len(sent), CLIENTS * MESSAGES)
        for number in range(10, 10 + CLIENTS):
            for message in range(MESSAGES):
                mail = server.wait_for_mail(self.recipient(number, message))
                self.assertIn(f"[127.0.0.{number}]", mail.received)
        return sent

    def check_client_rules(self):
        with self.client("127.0.0.66") as client:
            client.ehlo()
            client.mail("a@example.org")
            code, text = client.rcpt("b@example.com")
        self.assertEqual(code, 554)
        self.assertIn(b"Client host rejected", text)


class Xclient(OwnRules):
    listener = "xclient"
    settings = 'forward_client = "xclient"\nforward_login = true'

    def test_postfix_takes_every_message_as_its_clients_own(self):
        sent = self.check_every_message()
        # And our id besides, by XFORWARD.
        logged = {key: address for address, key in
                  re.findall(r"client=unknown\[(\S+)\], orig_queue_id=(\S+),", server.log())}
        self.assertEqual({key: logged.get(key) for key in sent}, sent)

    def test_one_connection_carries_the_mail_of_clients_that_may_be_followed_by_others(self):
        before = self.opened()
        for number in range(100, 104):  # whom Postfix would believe too
            with self.client(f"127.0.0.{number}") as client:
                for message in range(2):
                    client.sendmail("a@example.org", [self.recipient(number, message)],
                                    b"Subject: x\r\n\r\nx\r\n")
                    mail = server.wait_for_mail(self.recipient(number, message))
                    self.assertIn(f"[127.0.0.{number}]", mail.received)
        self.assertLessEqual(self.opened() - before, 2)  # each thread has a pool of its own

    def test_postfixs_rules_for_clients_hold(self):
        self.check_client_rules()

    def test_a_login_here_is_one_there(self):
        client = login(self.gateway)
        self.addCleanup(client.close)
        client.sendmail("alice@example.com", [self.recipient(0, 0)], b"Subject: x\r\n\r\nx\r\n")
        server.wait_for_mail(self.recipient(0, 0))
        self.assertRegex(server.log(), r"sasl_method=XCLIENT, sasl_username=alice")


class XclientWhereItIsNotOffered(ForwardingTest):
    listener = "plain"
    settings = 'forward_client = "xclient"'

    def test_the_mail_is_not_sent_on_under_our_name(self):
        with self.client("127.0.0.9") as client:
            client.ehlo()
            client.mail("a@example.org")
            self.assertEqual(client.rcpt("b@example.com")[0], 451)
        self.gateway.wait_for_log(r".* rcpt_refused .*does not offer us XCLIENT")


class Proxied(OwnRules):
    listener = "proxied"
    settings = 'forward_client = "proxy"'

    def test_postfix_takes_every_message_as_its_clients_own(self):
        self.check_every_message()

    def test_postfixs_rules_for_clients_hold(self):
        self.check_client_rules()


if __name__ == "__main__":
    unittest.main()

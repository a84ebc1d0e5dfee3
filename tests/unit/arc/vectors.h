// A message that dkimpy (python3-dkim) sealed twice, and the record of the key that it did it with.
#pragma once

#include <string_view>

namespace sekisho::arc::testing {

inline constexpr std::string_view kRecord =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDxneq8MV9usG9BlANQxAXf3KYtRCD3alpF"
    "7tB4j5FijdJcqeiHuzYcC3p43lQlFggkWfigZ7kLhXcZOb7qkagsER2pX9NJ+arUUGiz6XLYxOQOO5ueOOyayUe8Ap"
    "fhMLzs/y/jUdJhcO0Hi2N+wHl96eqrEP9hWdQnYpCzZkabCQIDAQAB";

inline constexpr std::string_view kSealedTwice =
    "ARC-Seal: i=2; cv=pass; a=rsa-sha256; d=gmail.example; s=s2; t=12346;\r\n"
    " b=PoTdLiT5F58i/A7C8w+XHYYGDgJnHnXHOOBBCeMbYlig6UIY3go4+fJwPOiy7fSK3fMi6\r\n"
    " OtHzH74N3vPTbBWRTRO+fJO71DfaS60idMEyutvwRxaDilDGE+QVDc95HFfwnOO2kAmiu5l\r\n"
    " k4NuYdzyfR8TqmxYIB2TjJD6DTjz6sc=\r\n"
    "ARC-Message-Signature: i=2; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=gmail.example; s=s2; t=12346; h=from : to : date : subject :\r\n"
    " mime-version : message-id;\r\n"
    " bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYLQ=;\r\n"
    " b=PMWJtbqIZteHQw9n2LLCljNwvYs2RURdre/LDVVu1Uf/FAXguItbxtj3Y5j63bB6DOxyX\r\n"
    " P5ths01E4dgFyYFjRP45yLEtamlVwmI3cFB6lKoj95UXhs/D0rKEJ4aFnsnzdsUwXnKs46y\r\n"
    " wfUMDzMWimmCCmYsy6gz8bnoyAjox3Y=\r\n"
    "ARC-Authentication-Results: i=2; gmail.example; arc=pass;\r\n"
    "  spf=fail smtp.mfrom=jqd@d1.example\r\n"
    "Authentication-Results: gmail.example; arc=pass; spf=fail smtp.mfrom=jqd@d1.example\r\n"
    "ARC-Seal: i=1; cv=none; a=rsa-sha256; d=lists.example.org; s=s1; t=12345;\r\n"
    " b=uHESSwV0ul6RULmYV0AfxZ9aj/HCzVrZcxPnlxp4q+Ng3jKlFO9QYGgglYPeOd2sCau15\r\n"
    " KYa6xZ1KC6XviCyTWhquuIhaDzieIXz2FOkilWKFvJc8ScAT1rLNxWdEegGTNn/BVWkuKvT\r\n"
    " NtUAV6IQjug78KqlSgAEmZoNgaeUjEU=\r\n"
    "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=lists.example.org; s=s1; t=12345; h=from : to : date : subject :\r\n"
    " mime-version : message-id;\r\n"
    " bh=KWSe46TZKCcDbH4klJPo+tjk5LWJnVRlP5pvjXFZYLQ=;\r\n"
    " b=ovQ55Lk3WxMlMWNoPY3ZEgTzP7q4xrhYvRchMsvCTXGdo94F5TLlpEtwhD/6mj/0MZzgf\r\n"
    " QlmJA0dDcXT/7j4SO+yQ15l84AjUU6tRPuHJRHq16A5TnEi1VUSrGkC1fdCOAzO6md/nx/B\r\n"
    " eOWpi7AlhfA/fQLztsDoP74D21C1e1c=\r\n"
    "ARC-Authentication-Results: i=1; lists.example.org; spf=pass smtp.mfrom=jqd@d1.example;\r\n"
    "  dkim=pass (512-bit key) header.i=@d1.example\r\n"
    "MIME-Version: 1.0\r\n"
    "Authentication-Results: lists.example.org;  spf=pass smtp.mfrom=jqd@d1.example;\r\n"
    "  dkim=pass (512-bit key) header.i=@d1.example\r\n"
    "Received: by 10.157.52.162 with SMTP id g31csp5274520otc;\r\n"
    "        Tue, 3 Jan 2017 12:32:02 -0800 (PST)\r\n"
    "Message-ID: <54B84785.1060301@d1.example.org>\r\n"
    "Date: Thu, 14 Jan 2015 15:00:01 -0800\r\n"
    "From: John Q Doe <jqd@d1.example.org>\r\n"
    "To: arc@dmarc.example\r\n"
    "Subject: Example   1\r\n"
    "\t folded\r\n"
    "\r\n"
    "Hey gang,  \r\n"
    "This is a test message.\r\n"
    "--J.\r\n"
    "\r\n"
    "\r\n";

}  // namespace sekisho::arc::testing

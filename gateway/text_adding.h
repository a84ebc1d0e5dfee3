// Puts the texts that filters ask for into a message, before it is signed: a worker finds the
// places, and the body is written anew with its replacements. What is left alone is logged; an
// Error means that the message must not go up as it is.
#pragma once

#include <string>
#include <vector>

#include "gateway/mail/added_text.h"
#include "gateway/mail/message.h"
#include "gateway/mail/spool.h"
#include "gateway/session_services.h"

namespace sekisho {

Task<Result<void>> add_texts(mail::Message& message, const std::vector<mail::AddedText>& texts,
                             mail::HeaderEdits& edits, const mail::SpoolSettings& spool,
                             SessionServices& services, CancelSource& cancel, std::string id);

}  // namespace sekisho

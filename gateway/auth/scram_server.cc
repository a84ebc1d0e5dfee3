#include "gateway/auth/scram_server.h"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include <gsasl.h>

#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::auth {
namespace {

// Longer than any client's: its nonce, its name, a binding and a proof.
constexpr std::size_t kMaxMessage = 4096;

std::string or_empty(const char* text) { return text == nullptr ? std::string() : text; }

// RFC 5802 section 7: UTF-8 text; nothing in it is a control character.
bool is_text(std::string_view message) {
  return is_utf8(message) &&
         std::ranges::none_of(message, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; });
}

// The nonce comes back in our own message: visible ASCII, as the grammar has it.
bool has_well_formed_nonce(std::string_view first) {
  const auto parts = split(first, ',');  // the flag, the authorization identity, the name, it
  return parts.size() > 3 &&
         std::ranges::all_of(parts[3], [](char c) { return c > ' ' && c < 0x7F; });
}

// RFC 5802 section 5.1: in names every '=' begins "=2C" or "=3D"; libgsasl lets others stand.
bool has_well_escaped_names(std::string_view first) {
  const auto parts = split(first, ',');  // the flag, the authorization identity, the name, …
  for (std::size_t i = 1; i < parts.size() && i < 3; ++i) {
    std::string_view name = parts[i].substr(std::min<std::size_t>(2, parts[i].size()));
    for (auto at = name.find('='); at != std::string_view::npos; at = name.find('=', at + 1))
      if (const auto code = name.substr(at, 3); code != "=2C" && code != "=3D") return false;
  }
  return true;
}

bool set(Gsasl_session* session, Gsasl_property property, const std::string& value) {
  return gsasl_property_set(session, property, value.c_str()) == GSASL_OK;
}

}  // namespace

// Each thread has its own: the library promises no more.
struct ScramServer::Library {
  Library() {
    if (gsasl_init(&context) != GSASL_OK) throw std::bad_alloc();
    gsasl_callback_set(context, [](Gsasl*, Gsasl_session* session, Gsasl_property property) -> int {
      const bool ours = property == GSASL_SCRAM_ITER || property == GSASL_SCRAM_SALT ||
                        property == GSASL_SCRAM_STOREDKEY || property == GSASL_SCRAM_SERVERKEY;
      auto* const self = static_cast<ScramServer*>(gsasl_session_hook_get(session));
      try {
        return ours && self->look_up() ? GSASL_OK : GSASL_NO_CALLBACK;
      } catch (...) {  // must not pass through C; without keys no proof is right
        return GSASL_NO_CALLBACK;
      }
    });
  }
  ~Library() { gsasl_done(context); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  static Gsasl* get() {
    thread_local const Library library;
    return library.context;
  }
  Gsasl* context = nullptr;
};

struct ScramServer::Session {
  explicit Session(bool plus) {
    const char* const mechanism = plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
    if (gsasl_server_start(Library::get(), mechanism, &handle) != GSASL_OK) throw std::bad_alloc();
  }
  ~Session() { gsasl_finish(handle); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Gsasl_session* handle = nullptr;
};

ScramServer::ScramServer(Terms terms, Lookup lookup)
    : terms_(std::move(terms)),
      lookup_(std::move(lookup)),
      session_(std::make_unique<Session>(terms_.plus)) {
  gsasl_session_hook_set(session_->handle, this);
  if (terms_.plus &&
      !set(session_->handle, GSASL_CB_TLS_EXPORTER, base64_encode(terms_.channel_binding)))
    throw std::bad_alloc();
}

ScramServer::~ScramServer() = default;

bool ScramServer::look_up() {
  Gsasl_session* const handle = session_->handle;
  if (!lookup_) return true;
  name_ = or_empty(gsasl_property_fast(handle, GSASL_AUTHID));
  authorize_as_ = or_empty(gsasl_property_fast(handle, GSASL_AUTHZID));
  const ScramSecret secret = std::exchange(lookup_, nullptr)(name_);
  return set(handle, GSASL_SCRAM_ITER, std::to_string(secret.iterations)) &&
         set(handle, GSASL_SCRAM_SALT, base64_encode(secret.salt)) &&
         set(handle, GSASL_SCRAM_STOREDKEY, base64_encode(secret.stored_key)) &&
         set(handle, GSASL_SCRAM_SERVERKEY, base64_encode(secret.server_key));
}

// RFC 5802 section 6: what the client says of channel binding must fit what we offered.
std::string ScramServer::objection(std::string_view first) const {
  if (terms_.plus)
    return first.starts_with("p=tls-exporter,") ? "" : "a channel binding other than tls-exporter";
  if (first.starts_with("p=")) return "a channel binding without -PLUS";
  if (first.starts_with("y,") && !terms_.channel_binding.empty())
    return "the client was not told of our -PLUS: somebody is between us";
  return {};
}

ScramServer::Step ScramServer::step(std::string_view message) {
  if (message.empty() || message.size() > kMaxMessage || !is_text(message))
    return {Outcome::malformed, "SCRAM: a message that is none"};
  if (!std::exchange(begun_, true)) {
    if (!has_well_escaped_names(message)) return {Outcome::malformed, "SCRAM: a name that is none"};
    if (!has_well_formed_nonce(message)) return {Outcome::malformed, "SCRAM: a nonce that is none"};
    if (std::string why = objection(message); !why.empty())
      return {Outcome::wrong, "SCRAM: " + why};
  }
  char* made = nullptr;
  std::size_t size = 0;
  const int code = gsasl_step(session_->handle, message.data(), message.size(), &made, &size);
  std::string text(made == nullptr ? "" : made, made == nullptr ? 0 : size);
  gsasl_free(made);
  switch (code) {
    case GSASL_NEEDS_MORE:
      return {Outcome::more, std::move(text)};
    case GSASL_OK:
      return {Outcome::proven, std::move(text)};
    case GSASL_AUTHENTICATION_ERROR:
      return {Outcome::wrong, "wrong password"};
    case GSASL_MALLOC_ERROR:
      throw std::bad_alloc();
    default:
      return {Outcome::malformed, std::string("SCRAM: ") + gsasl_strerror_name(code)};
  }
}

}  // namespace sekisho::auth

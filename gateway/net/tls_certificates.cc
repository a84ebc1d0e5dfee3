#include "gateway/net/tls_certificates.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/file_watch.h"
#include "gateway/base/text.h"

namespace sekisho {
namespace {

using Pairs = std::vector<std::shared_ptr<const TlsPair>>;

// A name in a folder that is replaced (certbot removes the link, then makes it anew) may be away
// for a moment; one that is away at two looks in a row is gone.
constexpr int kLooksUntilGone = 2;

std::string stamp_of(const TlsPairFiles& files) {
  return file_stamp(files.certificate) + "\n" + file_stamp(files.key);
}

bool is_final(std::string_view stamp) {
  const auto middle = stamp.find('\n');
  return is_final_stamp(stamp.substr(0, middle)) && is_final_stamp(stamp.substr(middle + 1));
}

// One for each kind of key: the first.
void add_of_new_kind(const std::shared_ptr<const TlsPair>& pair, Pairs& to) {
  const auto same = [&](const auto& other) { return other->kind() == pair->kind(); };
  if (std::ranges::none_of(to, same)) to.push_back(pair);
}

}  // namespace

struct TlsCertificates::Known {
  std::string stamp;
  std::shared_ptr<const TlsPair> pair;  // null: never fitted
  std::string refused;                  // why the last state of the files was not taken
  int absent = 0;
};

// What a handshake looks up; immutable.
struct TlsCertificates::Table {
  std::map<std::string, Pairs, std::less<>> by_name;
  Pairs standard;

  void add(const std::shared_ptr<const TlsPair>& pair) {
    for (const std::string& name : pair->names()) add_of_new_kind(pair, by_name[name]);
    if (standard.empty() || standard.front()->names() == pair->names())
      add_of_new_kind(pair, standard);
  }
  [[nodiscard]] const Pairs& find(std::string_view asked) const {
    if (asked.ends_with('.')) asked.remove_suffix(1);
    const std::string name = to_lower(asked);
    if (const auto exact = by_name.find(name); exact != by_name.end()) return exact->second;
    if (const auto dot = name.find('.'); dot != std::string::npos && dot > 0)
      if (const auto wild = by_name.find("*" + name.substr(dot)); wild != by_name.end())
        return wild->second;
    return standard;
  }
};

TlsCertificates::TlsCertificates(Sources sources) : sources_(std::move(sources)) {}
TlsCertificates::~TlsCertificates() = default;

Result<std::shared_ptr<TlsCertificates>> TlsCertificates::open(Sources sources) {
  std::shared_ptr<TlsCertificates> made(new TlsCertificates(std::move(sources)));
  auto files = made->find_files();
  if (!files) return std::unexpected(std::move(files.error()));
  if (files->empty())
    return fail(ErrorKind::invalid,
                fmt::format("no certificate with its key in {}: fullchain.pem and privkey.pem, "
                            "tls.crt and tls.key, or NAME.crt and NAME.key, there or one folder "
                            "below",
                            made->sources_.directory.string()));
  Look unused;
  for (const TlsPairFiles& each : *files) {
    (void)made->read(each, unused);
    const Known& known = made->known_[each];
    if (!known.pair) return fail(ErrorKind::invalid, known.refused);
  }
  made->publish();
  return made;
}

Result<std::vector<TlsPairFiles>> TlsCertificates::find_files() const {
  std::vector<TlsPairFiles> files = sources_.pairs;
  if (sources_.directory.empty()) return files;
  auto found = find_tls_pairs(sources_.directory);
  if (!found) return found;
  std::ranges::copy_if(*found, std::back_inserter(files), [&](const TlsPairFiles& each) {
    return std::ranges::find(sources_.pairs, each) == sources_.pairs.end();
  });
  return files;
}

TlsCertificates::Look TlsCertificates::look_for_changes() {
  const std::lock_guard one_at_a_time(looking_);
  Look look;
  auto files = find_files();
  const std::string refused = files ? std::string() : files.error().text;
  if (!refused.empty() && refused != search_refused_) look.refused.push_back(refused);
  search_refused_ = refused;
  if (!files) return look;  // what is known stays in use
  bool replaced = drop_absent(*files, look);
  for (const TlsPairFiles& each : *files) replaced = read(each, look) || replaced;
  if (replaced) publish();
  return look;
}

// The last one is never dropped: an old certificate serves better than none.
bool TlsCertificates::drop_absent(const std::vector<TlsPairFiles>& present, Look& look) {
  const auto usable = [this] {
    return std::ranges::count_if(known_,
                                 [](const auto& each) { return each.second.pair != nullptr; });
  };
  bool dropped = false;
  for (auto it = known_.begin(); it != known_.end();) {
    auto& [files, known] = *it;
    known.absent = std::ranges::find(present, files) == present.end() ? known.absent + 1 : 0;
    if (known.absent < kLooksUntilGone || (known.pair && usable() == 1)) {
      ++it;
      continue;
    }
    look.changed.push_back(files.certificate.string() + ": gone");
    it = known_.erase(it);
    dropped = true;
  }
  return dropped;
}

bool TlsCertificates::read(const TlsPairFiles& files, Look& look) {
  Known& known = known_[files];
  // Taken before the read: a change during it is then seen at the next look.
  std::string stamp = stamp_of(files);
  const bool final = is_final(stamp);
  if (stamp == known.stamp && final) return false;
  known.stamp = std::move(stamp);
  auto pair = TlsPair::load(files);
  if (pair) {
    const bool is_new =
        !known.pair || !known.pair->equals(**pair) || !std::exchange(known.refused, {}).empty();
    known.pair = std::move(*pair);
    if (is_new)
      look.changed.push_back(
          fmt::format("{}: {}", files.certificate.string(), fmt::join(known.pair->names(), ", ")));
    return true;
  }
  // Files that are just being written may fit in a moment: no word of that yet.
  if ((final || !known.pair) && known.refused != pair.error().text) {
    known.refused = std::move(pair.error().text);
    look.refused.push_back(known.refused);
  }
  return false;
}

void TlsCertificates::publish() {
  auto made = std::make_shared<Table>();
  const auto add = [&](const TlsPairFiles& files) {
    if (const auto it = known_.find(files); it != known_.end() && it->second.pair)
      made->add(it->second.pair);
  };
  std::ranges::for_each(sources_.pairs, add);
  if (sources_.pairs.empty()) {
    Table all;
    for (const auto& [files, known] : known_)
      if (known.pair) all.add(known.pair);
    for (const auto& pair : all.find(sources_.hostname)) made->add(pair);
  }
  for (const auto& [files, known] : known_) add(files);
  const std::lock_guard lock(table_mutex_);
  table_ = std::move(made);
}

std::shared_ptr<const TlsCertificates::Table> TlsCertificates::table() const {
  const std::lock_guard lock(table_mutex_);
  return table_;
}

Pairs TlsCertificates::choose(std::string_view name) const { return table()->find(name); }

void TlsCertificates::install(SSL_CTX* context) const {
  SSL_CTX_set_cert_cb(context, &TlsCertificates::show, const_cast<TlsCertificates*>(this));
}

int TlsCertificates::show(SSL* ssl, void* certificates) {
  try {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const auto table = static_cast<const TlsCertificates*>(certificates)->table();
    SSL_certs_clear(ssl);
    for (const auto& pair : table->find(name != nullptr ? name : ""))
      if (!pair->install(ssl)) return 0;
    return 1;
  } catch (const std::exception&) {  // no memory: this handshake fails, and no other
    return 0;
  }
}

}  // namespace sekisho

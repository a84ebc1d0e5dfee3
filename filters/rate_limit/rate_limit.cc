#include "filters/rate_limit/rate_limit.h"

#include <array>
#include <chrono>
#include <utility>

#include "filters/rate_limit/gcra_store.h"

namespace sekisho::filters {
namespace {

enum class Limit : std::uint8_t {
  messages_per_user,
  recipients_per_user,
  messages_per_client,
  recipients_per_client,
  connections_per_client
};
constexpr std::size_t kLimits = 5;

struct LimitWords {
  std::string_view key;
  std::string_view doc;
};
constexpr std::array<LimitWords, kLimits> kWords{{
    {"messages_per_user",
     "Messages of one authenticated user: \"200/1h\", or \"200/1h burst 50\" "
     "for at most 50 at once. Empty: no limit."},
    {"recipients_per_user", "Recipients of one authenticated user, likewise."},
    {"messages_per_client",
     "Messages of one client that is not authenticated (an IPv4 address, an IPv6 /64, or all who "
     "come by one Unix socket), likewise."},
    {"recipients_per_client", "Recipients of one such client, likewise."},
    {"connections_per_client",
     "New connections of one client, authenticated later or not, "
     "likewise."},
}};

constexpr std::size_t index_of(Limit limit) { return static_cast<std::size_t>(limit); }

// "35 s", "12 min": rounded up, so that who waits that long is not told to wait again.
std::string words_for(Duration wait) {
  using namespace std::chrono;
  if (wait <= 2min) return std::to_string(ceil<seconds>(wait).count()) + " s";
  if (wait <= 2h) return std::to_string(ceil<minutes>(wait).count()) + " min";
  return std::to_string(ceil<hours>(wait).count()) + " h";
}

class RateLimit final : public Filter {
 public:
  using Stores = std::array<std::shared_ptr<GcraStore>, kLimits>;  // null: no limit

  RateLimit(Stores stores, std::function<TimePoint()> now)
      : stores_(std::move(stores)), now_(std::move(now)) {}

  [[nodiscard]] StageSet stages() const override {
    return {Stage::connect, Stage::mail, Stage::rcpt};
  }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext&) const override;

  [[nodiscard]] const std::shared_ptr<GcraStore>& store(Limit limit) const {
    return stores_[index_of(limit)];
  }
  [[nodiscard]] TimePoint now() const { return now_(); }

 private:
  Stores stores_;
  std::function<TimePoint()> now_;
};

// The places that a session holds in one limit while a transaction is on its way.
class Hold {
 public:
  std::optional<Duration> add(GcraStore& store, const std::string& key, TimePoint now) {
    auto wait = store.hold(key, 1, now);
    if (!wait) {
      store_ = &store;
      ++places_;
    }
    return wait;
  }
  void settle(const std::string& key, std::uint64_t kept, TimePoint now) {
    if (places_ > 0) store_->settle(key, places_, std::min(kept, places_), now);
    places_ = 0;
  }

 private:
  GcraStore* store_ = nullptr;  // the filter's; outlives its sessions
  std::uint64_t places_ = 0;
};

class RateLimitSession final : public FilterSession {
 public:
  explicit RateLimitSession(const RateLimit& filter) : filter_(filter) {}
  ~RateLimitSession() override { settle(0, 0); }
  RateLimitSession(const RateLimitSession&) = delete;
  RateLimitSession& operator=(const RateLimitSession&) = delete;

  Task<Verdict> check(Stage stage, View& view) override {
    switch (stage) {
      case Stage::connect:
        co_return connect(view.peer);
      case Stage::mail:
        settle(0, 0);
        identify(view.peer);
        co_return count(messages_, Limit::messages_per_user, Limit::messages_per_client);
      case Stage::rcpt:
        if (key_.empty()) identify(view.peer);
        co_return count(recipients_, Limit::recipients_per_user, Limit::recipients_per_client);
      default:
        co_return Verdict::pass();
    }
  }

  void ended(const mail::Envelope& envelope, const Ending& ending) override {
    if (ending.accepted) {
      settle(1, envelope.recipients.size());
    } else {
      settle(0, 0);
    }
  }

 private:
  void identify(const mail::Peer& peer) {
    by_user_ = peer.authenticated();
    key_ = by_user_ ? peer.user : peer.client_name();
  }

  Verdict connect(const mail::Peer& peer) {
    const auto& store = filter_.store(Limit::connections_per_client);
    if (!store) return Verdict::pass();
    const std::string key = peer.client_name();
    const auto wait = store->take(key, 1, filter_.now());
    if (!wait) return Verdict::pass();
    return Verdict::defer(
        smtp::Reply::of(421, "4.7.0", "too many connections, try again in " + words_for(*wait)),
        reason(Limit::connections_per_client, store->rate(), key));
  }

  Verdict count(Hold& hold, Limit user_limit, Limit client_limit) {
    const Limit limit = by_user_ ? user_limit : client_limit;
    const auto& store = filter_.store(limit);
    if (!store) return Verdict::pass();
    const auto wait = hold.add(*store, key_, filter_.now());
    if (!wait) return Verdict::pass();
    return Verdict::defer(
        smtp::Reply::of(451, "4.7.1", "sending limit reached, try again in " + words_for(*wait)),
        reason(limit, store->rate(), key_));
  }

  static std::string reason(Limit limit, const Rate& rate, const std::string& key) {
    return std::string(kWords[index_of(limit)].key) + " " + rate.to_string() + " reached by " + key;
  }

  void settle(std::uint64_t messages, std::uint64_t recipients) {
    const TimePoint now = filter_.now();
    messages_.settle(key_, messages, now);
    recipients_.settle(key_, recipients, now);
  }

  const RateLimit& filter_;
  std::string key_;  // whose places are held: a user or a client
  bool by_user_ = false;
  Hold messages_;
  Hold recipients_;
};

std::unique_ptr<FilterSession> RateLimit::open(const SessionContext&) const {
  return std::make_unique<RateLimitSession>(*this);
}

class RateLimitBlueprint final : public Blueprint {
 public:
  explicit RateLimitBlueprint(std::function<TimePoint()> now) : now_(std::move(now)) {
    texts_[index_of(Limit::messages_per_user)] = "200/1h";
    texts_[index_of(Limit::recipients_per_user)] = "500/1h";
  }

  void visit(SettingsVisitor& v) override {
    for (std::size_t i = 0; i < kLimits; ++i) {
      v.field(kWords[i].key, texts_[i], kWords[i].doc);
      if (texts_[i].empty()) continue;
      if (auto rate = Rate::parse(texts_[i]); !rate) v.error(kWords[i].key, rate.error().text);
    }
    v.field("max_keys", max_keys_,
            "Users or clients remembered for each limit; beyond, the least recently seen is "
            "forgotten.",
            1000, 10'000'000);
  }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter* previous) const override {
    const auto* before = dynamic_cast<const RateLimit*>(previous);
    const auto max_keys = static_cast<std::size_t>(max_keys_);
    RateLimit::Stores stores;
    for (std::size_t i = 0; i < kLimits; ++i) {
      if (texts_[i].empty()) continue;
      const auto rate = Rate::parse(texts_[i]);
      if (!rate) return std::unexpected(rate.error());
      if (before != nullptr) stores[i] = before->store(static_cast<Limit>(i));
      if (!stores[i] || stores[i]->rate() != *rate || stores[i]->max_keys() != max_keys) {
        stores[i] = std::make_shared<GcraStore>(*rate, max_keys);
      }
    }
    return std::make_shared<const RateLimit>(std::move(stores), now_);
  }

 private:
  std::function<TimePoint()> now_;
  std::array<std::string, kLimits> texts_;
  std::int64_t max_keys_ = 100'000;
};

}  // namespace

std::unique_ptr<Blueprint> make_rate_limit(std::function<TimePoint()> now) {
  return std::make_unique<RateLimitBlueprint>(std::move(now));
}

}  // namespace sekisho::filters

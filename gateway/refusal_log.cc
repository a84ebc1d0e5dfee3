#include "gateway/refusal_log.h"

namespace sekisho {

void RefusalLog::refused(const Endpoint& peer, const std::string& listener, std::string_view why,
                         TimePoint now) {
  const std::lock_guard lock(mutex_);
  Key key{peer.address.client_key(), Who::one_client, std::string(why)};
  if (entries_.size() >= kMaxClients && !entries_.contains(key))
    key = {IpAddress{}, Who::all_others, std::string(why)};
  const auto [place, is_new] = entries_.try_emplace(key);
  Entry& entry = place->second;
  entry.peer = peer;
  entry.listener = listener;
  ++entry.count;
  if (is_new || now - entry.written >= kInterval) write(key, entry, now);
}

void RefusalLog::write_due(TimePoint now) {
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto place = entry++;
    if (now - place->second.written < kInterval) continue;
    if (place->second.count == 0)
      entries_.erase(place);
    else
      write(place->first, place->second, now);
  }
}

void RefusalLog::write(const Key& key, Entry& entry, TimePoint now) {
  LogLine line("connection_refused", LogLevel::warning);
  line.src(entry.peer)
      .add("listener", entry.listener)
      .add("why", key.why)
      .add("count", entry.count);
  if (key.who == Who::all_others) line.add("clients", "many");
  log_.write(line);
  entry.written = now;
  entry.count = 0;
}

}  // namespace sekisho

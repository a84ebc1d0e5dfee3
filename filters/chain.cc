#include "filters/chain.h"

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace sekisho::filters {
namespace {

constexpr std::string_view kSecondsHelp = "Time spent in a filter's checks, waiting included.";
constexpr std::string_view kVerdictsHelp = "Verdicts of the filters, before observe mode.";

Counter& verdict_counter(Metrics& metrics, const Link& link, Stage stage, Verdict::Kind kind) {
  return metrics.counter("filter_verdicts_total", std::string(kVerdictsHelp),
                         {{"filter", link.name},
                          {"stage", std::string(to_string(stage))},
                          {"verdict", std::string(to_string(kind))},
                          {"mode", std::string(to_string(link.settings.mode))}});
}

smtp::Reply failure_reply() {
  return smtp::Reply::of(451, "4.3.0", "temporary problem, try again later");
}

}  // namespace

std::string_view to_string(Mode mode) { return mode == Mode::enforce ? "enforce" : "observe"; }

void LinkSettings::visit(SettingsVisitor& v) {
  v.choice<Mode>("mode", mode, {{"enforce", Mode::enforce}, {"observe", Mode::observe}},
                 "Whether the filter's verdicts are acted on, or only logged and counted.");
  v.choice<OnError>("on_error", on_error, {{"defer", OnError::defer}, {"pass", OnError::pass}},
                    "What a failure or an overrun time-out of the filter means: 451, or go on.");
  v.field("timeout", timeout, "How long the filter may take at one stage; of spf 21s by default.");
  if (timeout.count() <= 0) v.error("timeout", "must be longer than nothing, for example \"5s\"");
}

bool Chain::authenticates() const {
  return std::ranges::any_of(links_, [](const Link& link) { return link.filter->authenticates(); });
}

struct Chain::HotCounters {
  Counter* seconds = nullptr;
  std::array<Counter*, kStages> passed{};
};

Chain::Chain(std::vector<Link> links)
    : links_(std::move(links)), wants_answers_(std::ranges::any_of(links_, [](const Link& link) {
        return link.filter->wants_answers();
      })) {}
Chain::~Chain() = default;

bool Chain::wants(Stage stage) const {
  for (const Link& link : links_) {
    if (link.filter->stages().has(stage)) return true;
  }
  return false;
}

const Chain::HotCounters& Chain::hot_counters(std::size_t link, Metrics& metrics) const {
  std::call_once(counters_made_, [&] {
    for (const Link& each : links_) {
      HotCounters& hot = counters_.emplace_back();
      hot.seconds = &metrics.counter("filter_seconds_total", std::string(kSecondsHelp),
                                     {{"filter", each.name}});
      for (std::size_t i = 0; i < kStages; ++i) {
        const auto stage = static_cast<Stage>(i);
        if (!each.filter->stages().has(stage)) continue;
        hot.passed[i] = &verdict_counter(metrics, each, stage, Verdict::Kind::pass);
      }
    }
  });
  return counters_[link];
}

// One filter's half of this connection, with the CancelSource that its waits use. The source
// follows the session's; the deadline of a check fires it alone.
struct ChainRun::Opened {
  Opened(const Filter& filter, const SessionContext& session, bool observed)
      : follow(session.cancel, [this] { cancel.cancel(); }),
        context{.loop = session.loop,
                .offload = session.offload,
                .resolver = session.resolver,
                .workers = session.workers,
                .log = session.log,
                .metrics = session.metrics,
                .hostname = session.hostname,
                .authserv_id = session.authserv_id,
                .cancel = cancel,
                .errands = observed ? nullptr : session.errands} {
    if (session.cancel.cancelled()) cancel.cancel();  // a late registration is not called
    half = filter.open(context);
    if (!half) throw std::logic_error("the filter opened nothing");
  }

  CancelSource cancel;
  CancelSource::Registration follow;
  const SessionContext context;
  std::unique_ptr<FilterSession> half;  // last: its destructor may still use `cancel`
};

// What a check came to: a verdict, or a failure of which `failed` names the kind.
struct ChainRun::Checked {
  Verdict verdict = Verdict::pass();
  std::string failed;
  std::string what;
};

ChainRun::ChainRun(std::shared_ptr<const Chain> chain, const SessionContext& context)
    : chain_(std::move(chain)), context_(context), opened_(chain_->links().size()) {}

ChainRun::~ChainRun() = default;

Task<ChainRun::Outcome> ChainRun::run(Stage stage, View& view) {
  Outcome outcome;
  for (std::size_t i = 0; i < chain_->links().size(); ++i) {
    const Link& link = chain_->links()[i];
    if (!link.filter->stages().has(stage)) continue;
    const bool observing = link.settings.mode == Mode::observe;

    // A failed or merely observed check leaves no edit behind.
    mail::HeaderEdits edits = view.edits;
    Trace trace = view.trace;
    Wishes wishes{.route = view.wishes.route, .delay = {}};
    View scratch{.peer = view.peer,
                 .envelope = view.envelope,
                 .recipient = view.recipient,
                 .message = view.message,
                 .edits = edits,
                 .trace = trace,
                 .wishes = wishes,
                 .authentication = view.authentication,
                 .now = view.now,
                 .deadline = Deadline::in(link.settings.timeout),
                 .outgoing = view.outgoing};
    const std::size_t on_top = view.outgoing != nullptr ? view.outgoing->on_top.size() : 0;
    Checked checked = co_await check(i, stage, scratch);
    if (view.outgoing != nullptr && (observing || !checked.failed.empty()))
      view.outgoing->on_top.resize(on_top);
    if (!checked.failed.empty()) {
      report_failure(link, to_string(stage), &view, checked.failed, checked.what);
      if (observing || link.settings.on_error == OnError::pass) continue;
      outcome.verdict = Verdict::defer(failure_reply(), checked.failed + ": " + checked.what);
      outcome.filter = link.name;
      co_return outcome;
    }

    count(link, stage, checked.verdict);
    if (observing) {
      observe(link, stage, view, checked.verdict);
      continue;
    }
    view.edits = std::move(edits);
    view.trace = trace;
    view.wishes.route = std::move(wishes.route);
    std::ranges::move(wishes.texts, std::back_inserter(view.wishes.texts));
    outcome.delay =
        std::min<std::chrono::milliseconds>(outcome.delay + wishes.delay, Wishes::kMaxDelay);
    switch (checked.verdict.kind()) {
      case Verdict::Kind::pass:
        break;
      case Verdict::Kind::quarantine:
        if (!outcome.quarantine) {
          outcome.quarantine = true;
          outcome.quarantine_why = checked.verdict.why();
          outcome.filter = link.name;
        }
        break;
      case Verdict::Kind::discard:
        outcome.discard = DiscardOrder(link.name, checked.verdict.why());
        [[fallthrough]];
      case Verdict::Kind::accept:
      case Verdict::Kind::defer:
      case Verdict::Kind::reject:
      case Verdict::Kind::disconnect:
        outcome.verdict = std::move(checked.verdict);
        outcome.filter = link.name;
        co_return outcome;
    }
  }
  co_return outcome;
}

// A filter's exception ends here (DESIGN section 8): whatever it threw, the session goes on.
Task<ChainRun::Checked> ChainRun::check(std::size_t link, Stage stage, View& view) {
  const TimePoint start = Clock::now();
  Checked result;
  try {
    result = co_await check_in_time(link, stage, view);
  } catch (const CheckFailed& failure) {
    result.failed = to_string(failure.kind());
    result.what = failure.what();
  } catch (const std::exception& exception) {
    result.failed = "exception";
    result.what = exception.what();
  } catch (...) {
    result.failed = "exception";
    result.what = "an exception of an unknown type";
  }
  if (result.verdict.kind() == Verdict::Kind::discard &&
      (stage != Stage::end || !chain_->links()[link].filter->may_discard())) {
    result.failed = "discard";
    result.what = "the filter may not discard, or not at this stage";
  }
  // Where a wait was cut, the deadline is the cause and what the filter made of it a consequence.
  if (opened_[link] && opened_[link]->cancel.cancelled()) {
    const bool session_ends = context_.cancel.cancelled();
    result.failed = to_string(session_ends ? ErrorKind::cancelled : ErrorKind::timeout);
    result.what = session_ends ? "the session ends" : "no verdict within the filter's time-out";
    opened_[link].reset();  // its CancelSource is spent; the next stage opens anew
  }
  const std::chrono::duration<double> spent = Clock::now() - start;
  chain_->hot_counters(link, context_.metrics).seconds->add(spent.count());
  co_return result;
}

Task<ChainRun::Checked> ChainRun::check_in_time(std::size_t link, Stage stage, View& view) {
  auto& opened = opened_[link];
  const Link& settings = chain_->links()[link];
  if (!opened)
    opened = std::make_unique<Opened>(*settings.filter, context_,
                                      settings.settings.mode == Mode::observe);
  Timer deadline(context_.loop, [source = &opened->cancel] { source->cancel(); });
  deadline.start(settings.settings.timeout);
  Checked result;
  result.verdict = co_await opened->half->check(stage, view);
  co_return result;
}

Task<void> ChainRun::wait(std::chrono::milliseconds delay) {
  if (delay.count() <= 0) co_return;
  // Cut or not, the session finds out by itself at its next wait.
  [[maybe_unused]] const auto slept =
      co_await context_.loop.sleep_until(Deadline::in(delay), context_.cancel);
}

void ChainRun::ended(const mail::Envelope& envelope, const Ending& ending) {
  for (std::size_t i = 0; i < opened_.size(); ++i) {
    if (!opened_[i]) continue;
    try {
      opened_[i]->half->ended(envelope, ending);
    } catch (const std::exception& exception) {
      report_failure(chain_->links()[i], "ended", nullptr, "exception", exception.what());
    }
  }
}

void ChainRun::observe(const Link& link, Stage stage, const View& view, const Verdict& verdict) {
  if (verdict.kind() == Verdict::Kind::pass) return;
  LogLine line("would_" + std::string(to_string(verdict.kind())));
  line.src(view.peer.remote).add("session", view.peer.session_id);
  if (!view.envelope.id.empty()) line.add("id", view.envelope.id);
  line.add("filter", link.name).add("stage", to_string(stage)).add("why", verdict.why());
  if (verdict.refuses()) line.add("reply", verdict.reply().summary());
  context_.log.write(line);
}

void ChainRun::report_failure(const Link& link, std::string_view stage, const View* view,
                              std::string_view kind, std::string_view what) {
  context_.metrics
      .counter("filter_errors_total", "Failed checks of the filters.",
               {{"filter", link.name}, {"kind", std::string(kind)}})
      .add();
  LogLine line("filter_error", LogLevel::warning);
  if (view != nullptr) {
    line.src(view->peer.remote).add("session", view->peer.session_id);
    if (!view->envelope.id.empty()) line.add("id", view->envelope.id);
  }
  line.add("filter", link.name).add("stage", stage).add("kind", kind).add("what", what);
  line.add("mode", to_string(link.settings.mode));
  context_.log.write(line);
}

void ChainRun::count(const Link& link, Stage stage, const Verdict& verdict) {
  if (verdict.kind() == Verdict::Kind::pass) {
    const auto index = static_cast<std::size_t>(&link - chain_->links().data());
    chain_->hot_counters(index, context_.metrics).passed[static_cast<std::size_t>(stage)]->add();
    return;
  }
  verdict_counter(context_.metrics, link, stage, verdict.kind()).add();
}

}  // namespace sekisho::filters

#include "gateway/text_adding.h"

#include <algorithm>
#include <utility>

#include "filters/insert_texts_job.h"
#include "gateway/mail/text_insertion.h"

namespace sekisho {
namespace {

// Appends the bytes [from, to) of `source`.
Task<Result<void>> copy(mail::Spool& source, std::uint64_t from, std::uint64_t to,
                        mail::Spool& target) {
  std::string block;
  while (from < to) {
    if (auto read = co_await source.read(from, block); !read) co_return read;
    if (block.empty()) co_return fail(ErrorKind::io, "the spool ended early");
    const auto size = std::min<std::uint64_t>(block.size(), to - from);
    block.resize(static_cast<std::size_t>(size));
    if (auto written = co_await target.append(block); !written) co_return written;
    from += size;
  }
  co_return Result<void>{};
}

Task<Result<void>> write_anew(mail::Spool& body, const std::vector<mail::Replacement>& changes,
                              mail::Spool& anew) {
  std::uint64_t at = 0;
  for (const mail::Replacement& change : changes) {
    if (auto copied = co_await copy(body, at, change.offset, anew); !copied) co_return copied;
    if (auto added = co_await anew.append(change.bytes); !added) co_return added;
    at = change.offset + change.length;
  }
  if (auto copied = co_await copy(body, at, body.size(), anew); !copied) co_return copied;
  co_await body.discard();
  co_return co_await copy(anew, 0, anew.size(), body);
}

}  // namespace

Task<Result<void>> add_texts(mail::Message& message, const std::vector<mail::AddedText>& texts,
                             mail::HeaderEdits& edits, const mail::SpoolSettings& spool,
                             SessionServices& services, CancelSource& cancel, std::string id) {
  auto sealed = co_await message.sealed();
  if (!sealed) co_return std::unexpected(std::move(sealed.error()));
  const auto answer =
      co_await services.workers.run(services.loop,
                                    {.kind = filters::kInsertTextsJob,
                                     .input = mail::write(texts, message.header_section().size()),
                                     .message = std::move(*sealed),
                                     .log_id = id},
                                    cancel);
  if (!answer) co_return std::unexpected(answer.error());
  auto insertion = mail::read_insertion(*answer, message.body().size());
  if (!insertion) co_return std::unexpected(std::move(insertion.error()));
  services.metrics
      .counter("text_insertions_total", "Messages into which a text was to be put",
               {{"result", insertion->left_alone.empty() ? "done" : "left_alone"}})
      .add();
  if (!insertion->left_alone.empty()) {
    services.log.write(LogLine("text_not_added").add("id", id).add("why", insertion->left_alone));
    co_return Result<void>{};
  }
  for (const auto& [name, value] : insertion->fields) edits.replace(name, value);
  mail::Spool anew(services.loop, services.offload, spool);
  auto written = co_await write_anew(message.body(), insertion->replacements, anew);
  co_await anew.discard();
  message.release_sealed();
  co_return written;
}

}  // namespace sekisho

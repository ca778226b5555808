#include "builder/fetch.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "builder/fetch_transfer.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

Error Refused(const std::string& name) {
  return IoError("network access is refused, and " + Quote(name) +
                 " is not in the store")
      .Hint("run the command without --offline");
}

// UsableUrls drops the URLs that may not be used.
Result<std::vector<std::string>> UsableUrls(const std::string& name,
                                            std::span<const std::string> urls,
                                            NetworkAccess network) {
  if (urls.empty()) {
    return IoError("no place is known that may have " + Quote(name))
        .Hint("name one with --mirror URL");
  }
  std::vector<std::string> candidates;
  for (const std::string& url : urls) {
    if (network == NetworkAccess::kAllowed || url.starts_with("file://")) {
      candidates.push_back(url);
    }
  }
  if (candidates.empty()) return Refused(name);
  return candidates;
}

// MergeErrors makes one error of what went wrong at each URL.
Error MergeErrors(const std::string& name, const std::vector<Error>& errors) {
  // Other bytes than expected matter more than a mirror that is away.
  auto first = std::ranges::find(errors, ErrorCode::kMismatch,
                                 [](const Error& e) { return e.code(); });
  if (first == errors.end()) first = errors.begin();
  Error merged = *first;
  for (auto other = errors.begin(); other != errors.end(); ++other) {
    if (other != first) {
      merged = std::move(merged).While("trying elsewhere: " + other->message());
    }
  }
  return std::move(merged).While("fetching " + Quote(name));
}

// Board counts for all threads and passes it on, one call at a time.
class Board {
 public:
  explicit Board(FetchProgress* progress) : progress_(progress) {}

  void Begin(uint64_t num_items, uint64_t total_bytes) {
    state_.num_items = num_items;
    state_.total_bytes = total_bytes;
  }
  void AddBytes(uint64_t size_bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_.done_bytes += size_bytes;
    if (progress_ != nullptr) progress_->Update(state_);
  }
  void DropBytes(uint64_t size_bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    state_.done_bytes -= size_bytes;
  }
  void FinishItem() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++state_.num_items_done;
    if (progress_ != nullptr) progress_->Update(state_);
  }
  void Note(const std::string& text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (progress_ != nullptr) progress_->Note(text);
  }

 private:
  std::mutex mutex_;
  FetchState state_;
  FetchProgress* progress_;
};

// EntryTarget passes bytes to the store, and counts them.
class EntryTarget : public TransferTarget {
 public:
  EntryTarget(StoreWriter writer, Board& board)
      : writer_(std::move(writer)), board_(board) {
    board_.AddBytes(writer_.size_bytes());
  }
  uint64_t size_bytes() const override { return writer_.size_bytes(); }
  Status Append(ByteSpan bytes) override {
    TALLY_TRY(writer_.Append(bytes));
    board_.AddBytes(bytes.size());
    return Ok();
  }
  Status Restart() override {
    board_.DropBytes(writer_.size_bytes());
    return writer_.Restart();
  }
  Status Commit() {
    const uint64_t before = writer_.size_bytes();
    Status status = writer_.Commit();
    if (!status) board_.DropBytes(before);
    return status;
  }

 private:
  StoreWriter writer_;
  Board& board_;
};

// TextTarget collects a file of unknown size.
class TextTarget : public TransferTarget {
 public:
  uint64_t size_bytes() const override { return bytes_.size(); }
  Status Append(ByteSpan bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return Ok();
  }
  Status Restart() override {
    bytes_.clear();
    return Ok();
  }
  Bytes Take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// TransferPool lends transfers, so that connections stay open from item to
// item.
class TransferPool {
 public:
  explicit TransferPool(const TransferLimits& limits) : limits_(limits) {}

  Transfer Take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return Transfer(limits_);
    Transfer transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }

  void Give(Transfer transfer) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(transfer));
  }

 private:
  TransferLimits limits_;
  std::mutex mutex_;
  std::vector<Transfer> idle_;
};

// RunWithRetries runs transfers from one URL until one gives a lasting answer,
// or there were enough. Bytes that came in stay: the next one goes on behind.
Transferred RunWithRetries(Transfer& transfer, const std::string& url,
                           uint64_t max_size_bytes, TransferTarget& target,
                           const FetchOptions& options, Board& board,
                           const std::vector<std::string>& headers = {}) {
  std::chrono::milliseconds delay = options.first_delay;
  for (unsigned attempt = 1;; ++attempt) {
    Transferred result = transfer.Run(url, max_size_bytes, target, headers);
    if (result.outcome != Outcome::kPassing) return result;
    if (attempt >= options.max_attempts) {
      result.outcome = Outcome::kLasting;
      return result;
    }
    board.Note(result.error->message() + "; trying again");
    std::this_thread::sleep_for(delay);
    delay *= 2;
  }
}

// FetchFrom brings one entry from one URL. What an earlier writer left may be
// bad: before the URL gets the blame, everything is fetched anew from it.
Transferred FetchFrom(Transfer& transfer, const std::string& url,
                      const FetchItem& item, EntryTarget& target,
                      const FetchOptions& options, Board& board) {
  while (true) {
    const bool fresh = target.size_bytes() == 0;
    Transferred result = RunWithRetries(transfer, url, item.size_bytes, target,
                                        options, board, item.headers);
    if (result.outcome == Outcome::kLasting && !fresh &&
        item.size_rule == SizeRule::kAtMost) {
      // What is there may be all of it: then there is no rest to ask for.
      Status dropped = target.Restart();
      if (!dropped) return {Outcome::kOurFault, std::move(dropped).error(), ""};
      continue;
    }
    if (result.outcome != Outcome::kDone) {
      if (result.outcome == Outcome::kLasting &&
          result.error->code() == ErrorCode::kMismatch) {
        Status dropped = target.Restart();
        if (!dropped) {
          return {Outcome::kOurFault, std::move(dropped).error(), ""};
        }
      }
      return result;
    }
    Status status = target.Commit();
    if (status) return {};
    if (status.error().code() != ErrorCode::kMismatch) {
      return {Outcome::kOurFault, std::move(status).error(), ""};
    }
    if (fresh) {
      const std::string& text = status.error().message();
      return {Outcome::kLasting,
              MismatchError(UrlForPeople(url) + " has other bytes: " + text),
              ""};
    }
  }
}

// ExpectedSize is the size of the entry if that is not in the item.
uint64_t ExpectedSize(const Store& store, const FetchItem& item) {
  if (item.size_rule == SizeRule::kExact) return item.size_bytes;
  return store.SizeOf(item.sha256).value_or(item.size_bytes);
}

// FetchOne tries the URLs of an item in order.
Status FetchOne(Transfer& transfer, const FetchItem& item, Store& store,
                const FetchOptions& options, Board& board) {
  TALLY_ASSIGN(const std::vector<std::string> urls,
               UsableUrls(item.name, item.urls, options.network));
  TALLY_ASSIGN(StoreWriter writer,
               store.Write(item.sha256, item.size_bytes, item.size_rule));
  // Another process may have had it while we waited for the writer's lock.
  const uint64_t size_bytes = ExpectedSize(store, item);
  if (store.Contains(item.sha256, size_bytes) &&
      store.Verify(item.sha256, size_bytes)) {
    TALLY_TRY(writer.Restart());
    board.AddBytes(size_bytes);
    return Ok();
  }
  EntryTarget target(std::move(writer), board);
  std::vector<Error> errors;
  for (const std::string& url : urls) {
    Transferred result = FetchFrom(transfer, url, item, target, options, board);
    if (result.outcome == Outcome::kDone) {
      for (const Error& error : errors) board.Note(error.message());
      return Ok();
    }
    if (result.outcome == Outcome::kOurFault) {
      return (*std::move(result.error)).While("fetching " + Quote(item.name));
    }
    errors.push_back(*std::move(result.error));
  }
  return MergeErrors(item.name, errors);
}

// MissingItems returns the items that the store lacks, one per digest.
std::vector<const FetchItem*> MissingItems(const Store& store,
                                           std::span<const FetchItem> items,
                                           Board& board, FetchReport& report) {
  std::vector<const FetchItem*> missing;
  std::map<Sha256Digest, bool> seen;
  for (const FetchItem& item : items) {
    if (!seen.emplace(item.sha256, true).second) continue;
    const uint64_t size_bytes = ExpectedSize(store, item);
    if (store.Contains(item.sha256, size_bytes)) {
      const Status intact = store.Verify(item.sha256, size_bytes);
      if (intact) {
        ++report.num_present;
        continue;
      }
      board.Note(intact.error().message());
    }
    missing.push_back(&item);
  }
  return missing;
}

}  // namespace

Result<FetchReport> FetchAll(Store& store, std::span<const FetchItem> items,
                             const FetchOptions& options) {
  FetchReport report;
  Board board(options.progress);
  const std::vector<const FetchItem*> missing =
      MissingItems(store, items, board, report);
  for (const FetchItem* item : missing) {
    // Not the bound of an item whose size nobody knows.
    if (item->size_rule == SizeRule::kAtMost) continue;
    report.fetched_bytes += item->size_bytes;
  }
  report.num_fetched = missing.size();
  board.Begin(missing.size(), report.fetched_bytes);

  TransferPool pool({.connect_timeout = options.connect_timeout,
                     .stall_timeout = options.stall_timeout});
  std::atomic<bool> failed = false;
  TALLY_TRY(ParallelFor(missing.size(), std::max(1u, options.max_transfers),
                        [&](size_t i) -> Status {
                          if (failed)
                            return Ok();  // no use in beginning others
                          Transfer transfer = pool.Take();
                          Status status = FetchOne(transfer, *missing[i], store,
                                                   options, board);
                          pool.Give(std::move(transfer));
                          if (status) {
                            board.FinishItem();
                          } else {
                            failed = true;
                          }
                          return status;
                        }));
  return report;
}

Result<FetchedText> FetchUnknown(const std::string& name,
                                 std::span<const std::string> urls,
                                 uint64_t max_size_bytes,
                                 const FetchOptions& options) {
  TALLY_ASSIGN(const std::vector<std::string> candidates,
               UsableUrls(name, urls, options.network));
  Board board(options.progress);
  Transfer transfer({.connect_timeout = options.connect_timeout,
                     .stall_timeout = options.stall_timeout});
  std::vector<Error> errors;
  for (const std::string& url : candidates) {
    TextTarget target;
    Transferred result =
        RunWithRetries(transfer, url, max_size_bytes, target, options, board);
    if (result.outcome == Outcome::kDone) {
      return FetchedText{.bytes = target.Take(), .url = url};
    }
    errors.push_back(*std::move(result.error));
  }
  return MergeErrors(name, errors);
}

Result<FetchAnswer> FetchAnswerFrom(const std::string& name,
                                    const std::string& url,
                                    const std::vector<std::string>& headers,
                                    uint64_t max_size_bytes,
                                    const FetchOptions& options) {
  const std::vector<std::string> urls = {url};
  TALLY_TRY(UsableUrls(name, urls, options.network));
  Board board(options.progress);
  Transfer transfer({.connect_timeout = options.connect_timeout,
                     .stall_timeout = options.stall_timeout});
  TextTarget target;
  Transferred result = RunWithRetries(transfer, url, max_size_bytes, target,
                                      options, board, headers);
  if (result.outcome == Outcome::kDone) {
    return FetchAnswer{.bytes = target.Take(), .challenge = ""};
  }
  if (!result.challenge.empty()) {
    return FetchAnswer{.bytes = {}, .challenge = result.challenge};
  }
  return (*std::move(result.error)).While("fetching " + Quote(name));
}

}  // namespace tally

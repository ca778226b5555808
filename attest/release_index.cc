#include "attest/release_index.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kHead = "[\n";
constexpr std::string_view kTail = "\n]\n";
constexpr std::string_view kEmpty = "[]\n";
// Longer lines are not ours: names have bounds far below it.
constexpr size_t kMaxLineBytes = 64 << 10;

// Line is one record. Its members are in the order of canonical JSON, so the
// line begins with what is searched for.
std::string Line(const PublishedTarget& target, size_t num_published,
                 std::string_view register_name, ByteSpan value) {
  const Json record = Json::Object{
      {"digest", Hex(value)},
      {"platform", target.platform},
      {"register", register_name},
      {"registers", static_cast<int64_t>(num_published)},
      {"release", Json::Object{{"digest", target.release_digest.hex()},
                               {"name", target.release_name},
                               {"version", target.release_version}}},
      {"target",
       Json::Object{{"name", target.target}, {"profile", target.profile}}}};
  return record.Canonical();
}

// Prefix is how the lines of a value begin.
std::string Prefix(std::string_view platform,
                   const AttestedRegister& attested) {
  std::string text = Json(Json::Object{{"digest", Hex(attested.value)},
                                       {"platform", platform},
                                       {"register", attested.name}})
                         .Canonical();
  text.back() = ',';
  return text;
}

size_t CountPublished(const PublishedTarget& target) {
  return static_cast<size_t>(std::ranges::count_if(
      target.registers,
      [](const auto& published) { return !published.value.empty(); }));
}

// Lines finds lines in the text between head and tail. Positions are offsets of
// line starts.
class Lines {
 public:
  static Result<Lines> Of(ByteSpan index) {
    const std::string_view text = AsText(index);
    if (text == kEmpty) return Lines({}, 0);
    if (!text.starts_with(kHead) || !text.ends_with(kTail) ||
        text.size() < kHead.size() + kTail.size()) {
      return InputError("release index: found no list with a record a line");
    }
    return Lines(text.substr(kHead.size(),
                             text.size() - kHead.size() - kTail.size() + 1),
                 kHead.size());
  }

  size_t end() const { return text_.size(); }

  // At returns the line that begins at `position`, without its comma.
  Result<std::string_view> At(size_t position) const {
    const size_t length = text_.substr(position, kMaxLineBytes).find('\n');
    if (length == std::string_view::npos) {
      return Damaged(position, "a line without an end");
    }
    std::string_view line = text_.substr(position, length);
    if (position + length + 1 < text_.size()) {
      if (!line.ends_with(',')) return Damaged(position, "no comma at its end");
      line.remove_suffix(1);
    }
    if (!line.starts_with("{\"digest\":\"") || !line.ends_with('}')) {
      return Damaged(position, "a line that is no record");
    }
    return line;
  }

  size_t Next(size_t position) const {
    const size_t newline = text_.find('\n', position);
    return newline == std::string_view::npos ? text_.size() : newline + 1;
  }

  // LowerBound returns where the first line stands that is not less than `key`.
  Result<size_t> LowerBound(std::string_view key) const {
    size_t low = 0;
    size_t high = text_.size();
    while (low < high) {
      const size_t middle = LineStart(low + (high - low) / 2, low);
      TALLY_ASSIGN(const std::string_view line, At(middle));
      if (line < key) {
        low = Next(middle);
      } else {
        high = middle;
      }
    }
    return low;
  }

  Result<bool> Contains(std::string_view whole_line) const {
    TALLY_ASSIGN(const size_t position, LowerBound(whole_line));
    if (position == end()) return false;
    TALLY_ASSIGN(const std::string_view line, At(position));
    return line == whole_line;
  }

  Error Damaged(size_t position, std::string_view what) const {
    return InputError("release index: found " + std::string(what) + " at " +
                      HexNumber(base_ + position));
  }

 private:
  Lines(std::string_view text, size_t base) : text_(text), base_(base) {}

  // LineStart returns the start of the line that holds `position`; lines before
  // `low` are not looked at.
  size_t LineStart(size_t position, size_t low) const {
    while (position > low && text_[position - 1] != '\n') --position;
    return position;
  }

  std::string_view text_;  // each line with its newline
  size_t base_;
};

// ParseLine accepts what Line writes.
Result<IndexHit> ParseLine(std::string_view line) {
  TALLY_ASSIGN(const Json record, ParseJson(line));
  JsonFields fields("record", record);
  fields.Text("digest");
  IndexHit hit;
  hit.target.platform = fields.Text("platform");
  fields.Text("register");
  hit.num_published = fields.Unsigned("registers");
  JsonFields release("release", fields.Object("release"));
  const Result<Sha256Digest> digest =
      Sha256Digest::FromHex(release.Text("digest"));
  hit.target.release_name = release.Text("name");
  hit.target.release_version = release.Text("version");
  JsonFields target("target", fields.Object("target"));
  hit.target.target = target.Text("name");
  hit.target.profile = target.Text("profile");
  TALLY_TRY(fields.Finish());
  TALLY_TRY(release.Finish());
  TALLY_TRY(target.Finish());
  if (!digest) return digest.error();
  hit.target.release_digest = *digest;
  return hit;
}

// Range is the lines of one value.
struct Range {
  size_t begin = 0;
  size_t end = 0;
};

Result<Range> FindRange(const Lines& lines, std::string prefix) {
  Range range;
  TALLY_ASSIGN(range.begin, lines.LowerBound(prefix));
  prefix.back() = ',' + 1;  // the first text behind all that begin with it
  TALLY_ASSIGN(range.end, lines.LowerBound(prefix));
  return range;
}

// AddEqualRegisters keeps the registers whose value the target publishes.
Status AddEqualRegisters(const Lines& lines,
                         std::span<const AttestedRegister> registers,
                         IndexHit* hit) {
  for (const AttestedRegister& attested : registers) {
    TALLY_ASSIGN(const bool found,
                 lines.Contains(Line(hit->target, hit->num_published,
                                     attested.name, attested.value)));
    if (!found) continue;
    hit->target.registers.push_back({.name = attested.name,
                                     .algorithm = attested.algorithm,
                                     .value = attested.value});
  }
  return Ok();
}

bool IsSameTarget(const IndexHit& a, const IndexHit& b) {
  const auto key = [](const IndexHit& hit) {
    const PublishedTarget& t = hit.target;
    return std::tie(t.release_digest, t.release_name, t.release_version,
                    t.target, t.profile, hit.num_published);
  };
  return key(a) == key(b);
}

// AddHits looks through the lines of one value.
Status AddHits(const Lines& lines, const Range& range,
               std::span<const AttestedRegister> registers,
               std::vector<IndexHit>* hits) {
  size_t num_lines = 0;
  for (size_t at = range.begin; at < range.end; at = lines.Next(at)) {
    if (++num_lines > kMaxIndexCandidates) return Ok();
    TALLY_ASSIGN(const std::string_view line, lines.At(at));
    Result<IndexHit> hit = ParseLine(line);
    if (!hit) return lines.Damaged(at, hit.error().message());
    if (std::ranges::any_of(*hits, [&](const IndexHit& known) {
          return IsSameTarget(known, *hit);
        })) {
      continue;
    }
    TALLY_TRY(AddEqualRegisters(lines, registers, &*hit));
    hits->push_back(*std::move(hit));
    if (hits->size() == kMaxIndexHits) return Ok();
  }
  return Ok();
}

void SortHits(std::vector<IndexHit>* hits) {
  std::ranges::sort(*hits, [](const IndexHit& a, const IndexHit& b) {
    if (a.all_equal() != b.all_equal()) return a.all_equal();
    const size_t num_a = a.target.registers.size();
    const size_t num_b = b.target.registers.size();
    if (num_a != num_b) return num_a > num_b;
    const auto key = [](const PublishedTarget& t) {
      return std::tie(t.release_name, t.release_version, t.release_digest,
                      t.target, t.profile);
    };
    return key(a.target) < key(b.target);
  });
}

}  // namespace

std::string FormatReleaseIndex(std::span<const PublishedTarget> targets) {
  std::vector<std::string> lines;
  for (const PublishedTarget& target : targets) {
    const size_t num_published = CountPublished(target);
    for (const PublishedRegister& published : target.registers) {
      if (published.value.empty()) continue;
      lines.push_back(
          Line(target, num_published, published.name, published.value));
    }
  }
  if (lines.empty()) return std::string(kEmpty);
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return std::string(kHead) + Join(lines, ",\n") + std::string(kTail);
}

Result<std::vector<IndexHit>> FindInReleaseIndex(
    ByteSpan index, std::string_view platform,
    std::span<const AttestedRegister> registers) {
  TALLY_ASSIGN(const Lines lines, Lines::Of(index));
  std::vector<Range> ranges;
  for (const AttestedRegister& attested : registers) {
    TALLY_ASSIGN(const Range range,
                 FindRange(lines, Prefix(platform, attested)));
    if (range.begin != range.end) ranges.push_back(range);
  }
  // The rarest values first: a value that all releases share says little.
  std::ranges::stable_sort(
      ranges, {}, [](const Range& range) { return range.end - range.begin; });
  std::vector<IndexHit> hits;
  for (const Range& range : ranges) {
    if (hits.size() >= kMaxIndexHits) break;
    TALLY_TRY(AddHits(lines, range, registers, &hits));
    if (std::ranges::any_of(hits, &IndexHit::all_equal)) break;
  }
  SortHits(&hits);
  return hits;
}

}  // namespace tally

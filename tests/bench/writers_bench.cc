// How fast the writers and measurers are, in one process. Whole commands
// against the peers: build_time.sh.

#include <benchmark/benchmark.h>

#include <string>

#include "common/hash.h"
#include "formats/cpio.h"
#include "formats/erofs.h"
#include "formats/verity.h"

namespace tally {
namespace {

constexpr size_t kDataBytes = 64 << 20;

// NullSink takes everything and keeps nothing.
class NullSink : public ByteSink {
 public:
  Status Append(ByteSpan bytes) override {
    benchmark::DoNotOptimize(bytes.data());
    return Ok();
  }
};

Bytes SomeBytes(size_t size_bytes) {
  Bytes bytes(size_bytes);
  uint32_t state = 1;
  for (uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return bytes;
}

// SomeFiles is a directory of files that share `data`.
FileList SomeFiles(ByteSpan data, size_t num_files) {
  FileList files = {{.path = "", .type = NodeType::kDirectory, .mode = 0755}};
  for (size_t i = 0; i < num_files; ++i) {
    files.push_back({.path = "file-" + std::to_string(100000 + i),
                     .type = NodeType::kFile,
                     .mode = 0644,
                     .content = data.subspan(i * 16, data.size() / num_files)});
  }
  return files;
}

void SetBytes(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(kDataBytes));
}

void Sha256OfData(benchmark::State& state) {
  const Bytes data = SomeBytes(kDataBytes);
  for (auto unused : state) benchmark::DoNotOptimize(Sha256(data));
  SetBytes(state);
}
BENCHMARK(Sha256OfData)->Unit(benchmark::kMillisecond);

void VerityTree(benchmark::State& state) {
  const Bytes data = SomeBytes(kDataBytes);
  for (auto unused : state) {
    VerityBuilder builder({.salt = {1}});
    NullSink sink;
    const bool done = builder.Append(data) && builder.Finish(sink);
    if (!done) state.SkipWithError("verity failed");
  }
  SetBytes(state);
}
BENCHMARK(VerityTree)->Unit(benchmark::kMillisecond);

void ErofsImageOfFiles(benchmark::State& state) {
  const Bytes data = SomeBytes(kDataBytes + (1 << 20));
  const FileList files = SomeFiles(data, static_cast<size_t>(state.range(0)));
  for (auto unused : state) {
    NullSink sink;
    if (!WriteErofs(files, {}, sink)) state.SkipWithError("erofs failed");
  }
  SetBytes(state);
}
BENCHMARK(ErofsImageOfFiles)
    ->Arg(16)
    ->Arg(16384)
    ->Unit(benchmark::kMillisecond);

void CpioArchiveOfFiles(benchmark::State& state) {
  const Bytes data = SomeBytes(kDataBytes + (1 << 20));
  const FileList files = SomeFiles(data, static_cast<size_t>(state.range(0)));
  for (auto unused : state) {
    NullSink sink;
    if (!WriteCpio(files, sink)) state.SkipWithError("cpio failed");
  }
  SetBytes(state);
}
BENCHMARK(CpioArchiveOfFiles)->Arg(16384)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tally

BENCHMARK_MAIN();

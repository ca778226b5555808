// How fast the writers and measurers are, in one process. Beside the peers, on
// the same files: peers.sh, which runs the benchmarks whose name begins with
// "Peer". Whole commands: build_time.sh.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "builder/verity_leaves.h"
#include "common/file.h"
#include "common/hash.h"
#include "common/staging_directory.h"
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

// The peers: the same work from files to files, as veritysetup and mkfs.erofs
// do it. TALLY_PEER_IMAGE is a file of whole blocks, TALLY_PEER_TREE a
// directory, TALLY_PEER_OUT a directory to write to.

constexpr unsigned kThreads = 2;

// Environment returns null if peers.sh does not run this.
const char* Environment(benchmark::State& state, const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) state.SkipWithError("only in peers.sh");
  return value;
}

Status WriteVerityFile(const fs::path& image_path, const fs::path& out) {
  const VerityOptions options = {.salt = {1}};
  TALLY_ASSIGN(const MappedFile image, MappedFile::Open(image_path));
  TALLY_ASSIGN(FileSink sink, FileSink::Create(out));
  TALLY_ASSIGN(Bytes leaves,
               HashVerityLeaves(image.bytes(), options.salt, kThreads));
  TALLY_TRY(WriteVerityHashArea(options, std::move(leaves), sink));
  TALLY_TRY(sink.Close());
  return Ok();
}

void PeerVerity(benchmark::State& state) {
  const char* image = Environment(state, "TALLY_PEER_IMAGE");
  const char* directory = Environment(state, "TALLY_PEER_OUT");
  if (image == nullptr || directory == nullptr) return;
  const fs::path out = fs::path(directory) / "ours.verity";
  for (auto unused : state) {
    fs::remove(out);
    if (!WriteVerityFile(image, out)) state.SkipWithError("verity failed");
  }
}
BENCHMARK(PeerVerity)->Unit(benchmark::kMillisecond)->UseRealTime();

// WriteErofsFile reads a directory (files, directories and links) and writes an
// image, which it syncs: mkfs.erofs does.
Status WriteErofsFile(const fs::path& tree, const fs::path& out) {
  std::map<std::string, fs::directory_entry> found;
  for (const auto& entry : fs::recursive_directory_iterator(tree)) {
    found[entry.path().lexically_relative(tree).string()] = entry;
  }
  FileList files = {{.path = "", .type = NodeType::kDirectory, .mode = 0755}};
  std::vector<MappedFile> contents;
  for (const auto& [path, entry] : found) {
    FileNode node{.path = path, .mode = 0755};
    if (entry.is_symlink()) {
      node.type = NodeType::kSymlink;
      node.mode = 0777;
      node.symlink_target = fs::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      node.type = NodeType::kDirectory;
    } else {
      TALLY_ASSIGN(MappedFile content, MappedFile::Open(entry.path()));
      node.content = content.bytes();
      contents.push_back(std::move(content));
    }
    files.push_back(std::move(node));
  }
  TALLY_ASSIGN(StagingDirectory staging, StagingDirectory::Create(out));
  TALLY_ASSIGN(StagedFile file, StagedFile::Create(staging.path() / "erofs"));
  TALLY_TRY(WriteErofs(files, {}, file));
  TALLY_TRY(file.Close());
  return staging.Publish(Existing::kReplace);
}

void PeerErofs(benchmark::State& state) {
  const char* tree = Environment(state, "TALLY_PEER_TREE");
  const char* directory = Environment(state, "TALLY_PEER_OUT");
  if (tree == nullptr || directory == nullptr) return;
  const fs::path out = fs::path(directory) / "ours";
  for (auto unused : state) {
    fs::remove_all(out);
    const Status done = WriteErofsFile(tree, out);
    if (!done) state.SkipWithError(done.error().message().c_str());
  }
}
BENCHMARK(PeerErofs)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace tally

BENCHMARK_MAIN();

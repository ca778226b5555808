#include "formats/fat32.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;
constexpr int64_t kTime = 1700000001;  // an odd second

const Fat32Options kFatOptions = {.volume_label = "MY ESP",
                                  .volume_id = 0x12345678,
                                  .time = kTime,
                                  .partition_offset = kMebibyte};

struct Tree {
  Fat32Nodes nodes;
  std::vector<Bytes> contents;

  void Add(const std::string& path, Bytes content) {
    nodes.push_back({.path = path, .size_bytes = content.size()});
    contents.push_back(std::move(content));
  }
  void AddDirectory(const std::string& path) {
    nodes.push_back({.path = path, .type = NodeType::kDirectory});
    contents.emplace_back();
  }
};

Bytes BytePattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  }
  return bytes;
}

Tree ExampleTree() {
  Tree tree;
  tree.AddDirectory("EFI");
  tree.AddDirectory("EFI/BOOT");
  tree.Add("EFI/BOOT/BOOTX64.EFI", BytePattern(100000));
  tree.AddDirectory("empty");
  tree.AddDirectory("loader");
  tree.AddDirectory("loader/a directory with a long name");
  tree.Add("loader/a directory with a long name/one more long name.conf",
           BytePattern(512));
  tree.Add("loader/empty.conf", {});
  tree.Add("loader/exactly13.txt", BytePattern(1));
  tree.Add("loader/loader.conf", BytePattern(513));
  return tree;
}

Result<Bytes> WriteFat(const Tree& tree,
                       const Fat32Options& options = kFatOptions) {
  BufferSink sink;
  TALLY_TRY(WriteFat32(
      tree.nodes, options,
      [&](size_t node, ByteSink& to) { return to.Append(tree.contents[node]); },
      sink));
  return std::move(sink).Take();
}

std::string FatWriteError(const Tree& tree,
                          const Fat32Options& options = kFatOptions) {
  const auto image = WriteFat(tree, options);
  return image ? "" : image.error().ToString();
}

std::string NamesError(const std::vector<std::string>& names) {
  Tree tree;
  for (const std::string& name : names) tree.Add(name, {});
  return FatWriteError(tree);
}

void ExpectReadsBack(const Tree& tree, const Bytes& image) {
  const auto read = ReadFat32(image);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->nodes, tree.nodes);
  ASSERT_EQ(read->contents.size(), tree.contents.size());
  for (size_t i = 0; i < tree.contents.size(); ++i) {
    EXPECT_EQ(ToBytes(read->contents[i]), tree.contents[i]);
  }
  Fat32Options options = kFatOptions;
  options.size_bytes = image.size();
  EXPECT_EQ(read->options, options);
  const auto again = WriteFat(tree, read->options);
  ASSERT_TRUE(again) << again.error().ToString();
  EXPECT_TRUE(*again == image);
}

TEST(Fat32, ReadsBackWhatItWrote) {
  ExpectReadsBack({}, WriteFat({}).value());
  ExpectReadsBack(ExampleTree(), WriteFat(ExampleTree()).value());
}

TEST(Fat32, IsTheSmallestWholeMebibytes) {
  EXPECT_EQ(Fat32Size({}, kFatOptions).value(), 33 * kMebibyte);
  EXPECT_EQ(WriteFat(ExampleTree())->size(), 33 * kMebibyte);
  // 100 MiB of data and their FATs of 0.8 MiB each.
  Fat32Nodes nodes = {{.path = "a", .size_bytes = 100 * kMebibyte}};
  EXPECT_EQ(Fat32Size(nodes, kFatOptions).value(), 102 * kMebibyte);
  // From here on clusters of 4096 bytes.
  nodes[0].size_bytes = 260 * kMebibyte;
  EXPECT_EQ(Fat32Size(nodes, kFatOptions).value(), 261 * kMebibyte);
  nodes[0].size_bytes = 0xffffffff;
  EXPECT_EQ(Fat32Size(nodes, kFatOptions).value(), 4105 * kMebibyte);
}

TEST(Fat32, KeepsItsBytes) {
  // Format epoch 1: these bytes never change.
  EXPECT_EQ(Sha256(WriteFat(ExampleTree()).value()).hex(),
            "f1204c4b54ebc8fc8dee235f8b49d9fd3339fe885d122b30b07ffb5715bbf307");
}

TEST(Fat32, GivesEveryLongNameAnAliasOfItsOwn) {
  Tree tree;
  for (const char* name :
       {"+++", ".profile", "LONGNA~1.TXT", "Longname one.txt",
        "Longname two.txt", "a.b.c", "lower.txt", "x y"}) {
    tree.Add(name, {});
  }
  const Bytes image = WriteFat(tree).value();
  ExpectReadsBack(tree, image);
  for (const char* alias :
       {"___~1      ", "PROFIL~1   ", "LONGNA~1TXT", "LONGNA~2TXT",
        "LONGNA~3TXT", "A~1     C  ", "LOWER   TXT", "XY~1       "}) {
    EXPECT_NE(AsText(image).find(alias), std::string_view::npos) << alias;
  }
}

TEST(Fat32, KeepsManyFilesInOneDirectory) {
  Tree tree;
  tree.AddDirectory("d");
  for (int i = 10000; i < 10300; ++i) {
    tree.Add("d/a name for number " + std::to_string(i), BytePattern(3));
  }
  ExpectReadsBack(tree, WriteFat(tree).value());
}

TEST(Fat32, IsAcceptedByFsckFat) {  // which counts the root too
  TALLY_NEED_PROGRAM(fsck, "fsck.fat");
  const test::Scratch scratch;
  const fs::path image =
      scratch.Write("image", WriteFat(ExampleTree()).value());
  const auto output = RunTool({.program = fsck,
                               .args = {"-n", "-v", image.string()},
                               .env = {{"LC_ALL", "C"}}});
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->exit_status, 0) << output->stdout_text;
  for (const char* part :
       {"fsck.fat ", "512 bytes per logical sector", "512 bytes per cluster",
        "32 reserved sectors", "First FAT starts at byte 16384 (sector 32)",
        "2 FATs, 32 bit entries", "2048 hidden sectors", "67584 sectors total",
        ": 11 files, "}) {
    EXPECT_NE(output->stdout_text.find(part), std::string::npos)
        << part << "\n"
        << output->stdout_text;
  }
}

TEST(Fat32, IsReadByMtools) {
  TALLY_NEED_PROGRAM(mtype, "mtype");
  TALLY_NEED_PROGRAM(mdir, "mdir");
  const test::Scratch scratch;
  const Tree tree = ExampleTree();
  const fs::path image = scratch.Write("image", WriteFat(tree).value());
  const auto run = [&](const fs::path& program,
                       const std::vector<std::string>& args) {
    const auto output = RunTool(
        {.program = program, .args = args, .env = {{"LC_ALL", "C.UTF-8"}}});
    EXPECT_TRUE(output) << output.error().ToString();
    EXPECT_EQ(output->exit_status, 0) << output->stderr_text;
    return output->stdout_text;
  };
  const std::string listing =
      run(mdir, {"-/", "-b", "-i", image.string(), "::"});
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const Fat32Node& node = tree.nodes[i];
    const bool is_directory = node.type == NodeType::kDirectory;
    const std::string path = "::/" + node.path;
    EXPECT_NE(listing.find(path + (is_directory ? "/\n" : "\n")),
              std::string::npos)
        << path << "\n"
        << listing;
    if (is_directory) continue;
    EXPECT_EQ(run(mtype, {"-i", image.string(), path}),
              AsText(tree.contents[i]));
  }
}

TEST(Fat32, ReadsWhatMkfsAndMtoolsWrite) {
  TALLY_NEED_PROGRAM(mkfs, "mkfs.fat");
  TALLY_NEED_PROGRAM(mmd, "mmd");
  TALLY_NEED_PROGRAM(mcopy, "mcopy");
  const test::Scratch scratch;
  const fs::path image = scratch.Write("image", Bytes(40 * kMebibyte));
  const fs::path file = scratch.Write("file", BytePattern(5000));
  const auto run = [&](const fs::path& program,
                       const std::vector<std::string>& args) {
    const auto output = RunTool(
        {.program = program, .args = args, .env = {{"LC_ALL", "C.UTF-8"}}});
    ASSERT_TRUE(output) << output.error().ToString();
    ASSERT_EQ(output->exit_status, 0) << output->stderr_text;
  };
  run(mkfs, {"-F", "32", "-n", "THEIRS", "-i", "12345678", image.string()});
  run(mmd, {"-i", image.string(), "::/EFI", "::/EFI/boot"});
  run(mcopy, {"-i", image.string(), file.string(), "::/EFI/boot/bootx64.efi"});
  run(mcopy,
      {"-i", image.string(), file.string(), "::/A rather long name.txt"});
  const Bytes bytes = test::MustRead(image);
  const auto read = ReadFat32(bytes);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->options.volume_label, "THEIRS");
  EXPECT_EQ(read->options.volume_id, 0x12345678u);
  const Fat32Nodes expected = {
      {.path = "A rather long name.txt", .size_bytes = 5000},
      {.path = "EFI", .type = NodeType::kDirectory},
      {.path = "EFI/boot", .type = NodeType::kDirectory},
      {.path = "EFI/boot/bootx64.efi", .size_bytes = 5000}};
  EXPECT_EQ(read->nodes, expected);
  EXPECT_EQ(ToBytes(read->contents[3]), BytePattern(5000));
}

TEST(Fat32, RejectsNamesItCannotHold) {
  const std::string rule =
      ", expected 1 to 255 printable ASCII characters without \"*/:<>?\\| and "
      "no period or space at the end\n  while adding ";
  for (const std::string name : {"a?", "a.", "a ", "..", "a:b", "a\\b"}) {
    EXPECT_EQ(NamesError({name}),
              "fat32: name " + Quote(name) + rule + Quote(name));
  }
  EXPECT_EQ(NamesError({"\xc3\xa4"}),
            "fat32: name '\\xc3\\xa4'" + rule + "'\\xc3\\xa4'");
  EXPECT_EQ(NamesError({""}), "fat32: name ''" + rule + "''");
  EXPECT_EQ(NamesError({std::string(256, 'x')}),
            "fat32: path of 256 bytes, the limit is 255");
  EXPECT_EQ(NamesError({"Abc", "abc"}),
            "fat32: names 'Abc' and 'abc' differ by case only");
}

TEST(Fat32, RejectsAListThatIsNoTree) {
  EXPECT_EQ(NamesError({"b", "a"}),
            "fat32: path 'a' comes after 'b', expected paths sorted and "
            "unique");
  EXPECT_EQ(NamesError({"a", "a"}),
            "fat32: path 'a' comes after 'a', expected paths sorted and "
            "unique");
  EXPECT_EQ(NamesError({"a", "a/b"}),
            "fat32: path 'a/b' is in no directory of the list");
  EXPECT_EQ(NamesError({"/a"}),
            "fat32: path '/a' is in no directory of the list");
  Tree tree;
  tree.AddDirectory("a");
  tree.nodes[0].size_bytes = 1;
  EXPECT_EQ(FatWriteError(tree), "fat32: directory 'a' has a size");
  tree.nodes[0] = {.path = "a", .type = NodeType::kSymlink};
  EXPECT_EQ(FatWriteError(tree),
            "fat32: 'a' is a symlink, expected a directory or a file");
  EXPECT_EQ(Fat32Size(Fat32Nodes(65537), kFatOptions).error().ToString(),
            "fat32: 65537 files and directories, the limit is 65536");
}

TEST(Fat32, RejectsWhatDoesNotFit) {
  Fat32Nodes nodes = {{.path = "a", .size_bytes = uint64_t{1} << 32}};
  const auto error = [&](const Fat32Options& options) {
    return Fat32Size(nodes, options).error().ToString();
  };
  EXPECT_EQ(error(kFatOptions),
            "fat32: file 'a' has 4294967296 bytes, the limit is 4294967295");
  nodes[0].size_bytes = 40 * kMebibyte;
  Fat32Options options = kFatOptions;
  options.size_bytes = 33 * kMebibyte;
  EXPECT_EQ(error(options),
            "fat32: the files need 81921 clusters of 512 bytes, a volume of "
            "34603008 bytes has 66512");
  for (const uint64_t size : {uint64_t{33 * kMebibyte + 1},
                              uint64_t{32 * kMebibyte}, uint64_t{1} << 41}) {
    options.size_bytes = size;
    EXPECT_EQ(error(options),
              "fat32: size of " + std::to_string(size) +
                  " bytes, expected a multiple of 512 from 34099712 to "
                  "2199023255040");
  }
  // Names of 21 entries each: 3200 are too many for a directory.
  nodes.clear();
  for (int i = 10000; i < 13200; ++i) {
    nodes.push_back({.path = std::to_string(i) + std::string(250, 'x')});
  }
  EXPECT_EQ(error(kFatOptions),
            "fat32: directory '' has 67201 entries, the limit is 65536");
}

TEST(Fat32, RejectsOptionsItCannotHold) {
  const auto error = [](const Fat32Options& options) {
    return FatWriteError({}, options);
  };
  for (const char* label : {"", "esp", "TWELVE CHARS", " A", "A ", "A.B"}) {
    Fat32Options options = kFatOptions;
    options.volume_label = label;
    EXPECT_EQ(error(options),
              "fat32: volume label " + Quote(label) +
                  ", expected 1 to 11 characters of A-Z, 0-9, inner spaces and "
                  "$%'-_@~`!(){}^#&");
  }
  for (const int64_t time : {int64_t{-1}, int64_t{315532799}, 4354819200}) {
    Fat32Options options = kFatOptions;
    options.time = time;
    EXPECT_EQ(error(options), "fat32: time " + std::to_string(time) +
                                  ", expected one of the years 1980 to 2107: "
                                  "315532800 to 4354819199");
  }
  for (const uint64_t offset : {uint64_t{100}, uint64_t{1} << 41}) {
    Fat32Options options = kFatOptions;
    options.partition_offset = offset;
    EXPECT_EQ(error(options), "fat32: partition offset " +
                                  std::to_string(offset) +
                                  ", expected a multiple of 512 below 2 TiB");
  }
}

TEST(Fat32, KeepsTheFirstAndTheLastTime) {
  // And 2000-02-29 and 2100-03-01.
  for (const int64_t time : {int64_t{315532800}, int64_t{951782400},
                             int64_t{4107542400}, int64_t{4354819199}}) {
    Fat32Options options = kFatOptions;
    options.time = time;
    const Bytes image = WriteFat({}, options).value();
    EXPECT_EQ(ReadFat32(image)->options.time, time);
  }
}

TEST(Fat32, RejectsContentOfAnotherSize) {
  Tree tree;
  tree.Add("a", BytePattern(10));
  tree.nodes[0].size_bytes = 9;
  EXPECT_EQ(FatWriteError(tree),
            "fat32: content of 'a' has at least 10 bytes, expected 9");
  tree.nodes[0].size_bytes = 11;
  EXPECT_EQ(FatWriteError(tree),
            "fat32: content of 'a' has 10 bytes, expected 11");
}

}  // namespace
}  // namespace tally

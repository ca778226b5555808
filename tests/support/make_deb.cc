#include "tests/support/make_deb.h"

#include <array>
#include <cstdio>

namespace tally::test {
namespace {

std::string Octal(uint64_t value, int digits) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%0*llo", digits,
                static_cast<unsigned long long>(value));
  return text.data();
}

// POSIX.1-1988 ustar header, field by field.
Bytes TarHeader(const TarMember& member, const std::string& checksum) {
  ByteWriter w;
  w.Text(member.path).ZerosUntil(100);
  w.Text(Octal(member.mode, 7)).Zeros(1);
  w.Text(Octal(member.uid, 7)).Zeros(1);
  w.Text(Octal(member.gid, 7)).Zeros(1);
  w.Text(Octal(member.content.size(), 11)).Zeros(1);
  w.Text(Octal(1700000000, 11)).Zeros(1);
  w.Text(checksum);
  w.U8(static_cast<uint8_t>(member.type));
  w.Text(member.link).ZerosUntil(257);
  w.Text("ustar").Zeros(1).Text("00").ZerosUntil(512);
  return std::move(w).Take();
}

}  // namespace

Bytes MakeTar(const std::vector<TarMember>& members) {
  ByteWriter w;
  for (const TarMember& member : members) {
    unsigned sum = 0;
    for (uint8_t byte : TarHeader(member, "        ")) sum += byte;
    std::string checksum = Octal(sum, 6);
    checksum += '\0';
    checksum += ' ';
    w.Raw(TarHeader(member, checksum)).Text(member.content).PadTo(512);
  }
  w.Zeros(1024);
  return std::move(w).Take();
}

Bytes MakeAr(const std::vector<ArMember>& members) {
  ByteWriter w;
  w.Text("!<arch>\n");
  for (const ArMember& member : members) {
    std::array<char, 61> header;
    std::snprintf(header.data(), header.size(),
                  "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", member.name.c_str(), 0, 0,
                  0, "100644", member.content.size());
    w.Text(header.data()).Raw(member.content);
    if (w.size() % 2 != 0) w.Text("\n");
  }
  return std::move(w).Take();
}

Bytes MakeDeb(const std::vector<TarMember>& data,
              const std::map<std::string, std::string>& scripts) {
  std::vector<TarMember> control = {
      {.path = "./control", .content = "Package: test\nVersion: 1\n"}};
  for (const auto& [name, text] : scripts) {
    control.push_back({.path = "./" + name, .mode = 0755, .content = text});
  }
  return MakeAr({{"debian-binary", ToBytes(AsBytes("2.0\n"))},
                 {"control.tar", MakeTar(control)},
                 {"data.tar", MakeTar(data)}});
}

}  // namespace tally::test

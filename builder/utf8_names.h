// Names in UTF-8 for libarchive, whatever locale the process has.
#pragma once

#include <locale.h>

namespace tally {

// Utf8Names lets libarchive take the names of pax headers, which are UTF-8, as
// they are: it converts them into the charset of this thread's locale, and
// tally is in "C" whatever the user has. Without that locale (Debian has it in
// libc-bin) names beyond ASCII are refused, never changed.
class Utf8Names {
 public:
  Utf8Names() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }

 private:
  locale_t locale_ = nullptr;
  locale_t before_ = nullptr;
};

}  // namespace tally

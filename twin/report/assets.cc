#include "twin/report/assets.h"

// Takes the bytes of a file into the program. (PATH is a string literal.)
#define AIRLOCK_INCLUDE_FILE(NAME, PATH)                             \
  asm(".section .rodata\n.global " #NAME "_begin\n" #NAME            \
      "_begin:\n.incbin \"" PATH "\"\n.global " #NAME "_end\n" #NAME \
      "_end:\n.byte 0\n.previous\n");                                \
  extern "C" const char NAME##_begin[];                              \
  extern "C" const char NAME##_end[]

AIRLOCK_INCLUDE_FILE(airlock_page_css, AIRLOCK_PAGE_CSS);
AIRLOCK_INCLUDE_FILE(airlock_page_js, AIRLOCK_PAGE_JS);
AIRLOCK_INCLUDE_FILE(airlock_vega_js, AIRLOCK_VEGA_JS);

namespace airlock {
namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view PageStyle() {
  return Between(airlock_page_css_begin, airlock_page_css_end);
}

std::string_view PageScript() {
  return Between(airlock_page_js_begin, airlock_page_js_end);
}

std::string_view VegaBundle() {
  return Between(airlock_vega_js_begin, airlock_vega_js_end);
}

}  // namespace airlock

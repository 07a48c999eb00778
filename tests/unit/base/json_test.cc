#include "sim/base/json.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

using nlohmann::json;

template <typename Function>
std::string CauseIn(Function&& use) {
  try {
    use();
  } catch (const json::exception& error) {
    return CauseOf(error);
  }
  return "";
}

TEST(JsonTest, CausesAreForPeople) {
  EXPECT_EQ(CauseIn([] { json value = json::parse("{\n\"a\": tru}"); }),
            "not JSON at line 2, column 9");
  EXPECT_EQ(CauseIn([] { json value = json::parse(""); }),
            "not JSON at line 1, column 1");
  EXPECT_EQ(CauseIn([] { (void)json::parse("{}").at("champion"); }),
            "key 'champion' not found");
  EXPECT_EQ(CauseIn([] { (void)json::parse("[]").at("champion"); }),
            "a value has the wrong type");
  EXPECT_EQ(CauseIn([] { (void)json::parse("1").get<std::string>(); }),
            "a value has the wrong type");
}

}  // namespace
}  // namespace airlock

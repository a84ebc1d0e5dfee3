// What is in a list, by kind: sentences, and a comparison with looking at each item one by one.
#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "rules/lists/lists.h"

namespace sekisho::rules::lists::testing {
namespace {

using engine::Fact;

Constant constant(Type type, std::string_view text) {
  auto read = read_constant(type, text);
  EXPECT_TRUE(read.has_value()) << text;
  return *read;
}

ListPtr list_of(Type type, const std::vector<std::string>& items, bool searched = false) {
  std::vector<Constant> constants;
  for (const auto& item : items) constants.push_back(constant(type, item));
  return make_list(type, searched, constants);
}

bool text_in(const ListPtr& list, std::string_view value) { return list->has(Fact(value)); }
Fact ip(std::string_view text) { return IpAddress::parse(text).value(); }
Fact net(std::string_view text) { return Network::parse(text).value(); }

TEST(AListOfDomains, HasADomainAloneAndAllBelowAStar) {
  const auto list = list_of(Type::domain, {"example.com", "*.example.net"});
  EXPECT_TRUE(text_in(list, "example.com"));
  EXPECT_TRUE(text_in(list, "EXAMPLE.Com"));
  EXPECT_TRUE(text_in(list, "example.com."));
  EXPECT_FALSE(text_in(list, "mail.example.com"));
  EXPECT_FALSE(text_in(list, "notexample.com"));
  EXPECT_FALSE(text_in(list, "example.net"));
  EXPECT_TRUE(text_in(list, "a.example.net"));
  EXPECT_TRUE(text_in(list, "a.b.example.net"));
  EXPECT_FALSE(text_in(list, "anotherexample.net"));
  EXPECT_FALSE(text_in(list, ""));
  EXPECT_FALSE(text_in(list, "."));
  EXPECT_EQ(list->size(), 2U);
}

TEST(AListOfDomains, TakesBothFormsOfAnInternationalName) {
  for (const std::string item : {"bücher.example", "xn--bcher-kva.example"}) {
    const auto list = list_of(Type::domain, {item, "*." + item});
    for (const auto* asked : {"bücher.example", "BÜCHER.example", "xn--bcher-kva.EXAMPLE",
                              "www.bücher.example", "www.xn--bcher-kva.example"}) {
      EXPECT_TRUE(text_in(list, asked)) << item << " " << asked;
    }
    EXPECT_FALSE(text_in(list, "bucher.example"));
  }
}

TEST(AListOfAddresses, HasAnAddressOrAllOfADomain) {
  const auto list = list_of(Type::address, {"ann@example.com", "@sales.example.com",
                                            "@*.shop.example", "root@*.host.example"});
  EXPECT_TRUE(text_in(list, "ann@example.com"));
  EXPECT_TRUE(text_in(list, "Ann@EXAMPLE.com"));
  EXPECT_TRUE(text_in(list, "\"ann\"@example.com"));
  EXPECT_TRUE(text_in(list, "\"a\\nn\"@example.com"));
  EXPECT_FALSE(text_in(list, "bob@example.com"));
  EXPECT_FALSE(text_in(list, "ann@mail.example.com"));
  EXPECT_TRUE(text_in(list, "bob@sales.example.com"));
  EXPECT_FALSE(text_in(list, "bob@eu.sales.example.com"));
  EXPECT_TRUE(text_in(list, "bob@eu.shop.example"));
  EXPECT_FALSE(text_in(list, "bob@shop.example"));
  EXPECT_TRUE(text_in(list, "root@a.b.host.example"));
  EXPECT_FALSE(text_in(list, "bob@a.host.example"));
  EXPECT_FALSE(text_in(list, "root@host.example"));
  EXPECT_FALSE(text_in(list, "example.com"));
  // What is quoted for a reason stays another mailbox.
  EXPECT_FALSE(text_in(list, "\"ann@example.com\"@elsewhere.example"));
}

TEST(AListOfNetworks, HasTheirAddressesAndTheNetworksInThem) {
  const auto list =
      list_of(Type::network, {"192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8", "10.1.2.3",
                              "2001:db8::/32", "0.0.0.0/32", "255.255.255.255"});
  EXPECT_TRUE(list->has(ip("192.0.2.0")));
  EXPECT_TRUE(list->has(ip("192.0.2.255")));
  EXPECT_FALSE(list->has(ip("192.0.1.255")));
  EXPECT_FALSE(list->has(ip("192.0.3.0")));
  EXPECT_TRUE(list->has(ip("0.0.0.0")));
  EXPECT_FALSE(list->has(ip("0.0.0.1")));
  EXPECT_TRUE(list->has(ip("255.255.255.255")));
  EXPECT_FALSE(list->has(ip("255.255.255.254")));
  EXPECT_TRUE(list->has(net("192.0.2.128/26")));
  EXPECT_TRUE(list->has(net("192.0.2.0/24"))) << "although a smaller one is in it";
  EXPECT_FALSE(list->has(net("192.0.2.0/23")));
  EXPECT_TRUE(list->has(ip("2001:db8::1")));
  EXPECT_TRUE(list->has(net("2001:db8:1:2::/64")));
  EXPECT_FALSE(list->has(ip("2001:db9::1")));
  EXPECT_FALSE(text_in(list, "192.0.2.1"));
}

TEST(AListOfNetworks, CanHoldAllAddresses) {
  const auto v4 = list_of(Type::network, {"0.0.0.0/0"});
  EXPECT_TRUE(v4->has(ip("255.255.255.255")));
  EXPECT_FALSE(v4->has(ip("::1")));
  const auto v6 = list_of(Type::network, {"::/0"});
  EXPECT_TRUE(v6->has(ip("ffff::1")));
  EXPECT_FALSE(v6->has(ip("192.0.2.1")));
}

TEST(AListOfWords, DoesNotMindTheCaseOfAscii) {
  const auto list = list_of(Type::word, {"Ivan", "two words", "Ärger"});
  EXPECT_TRUE(text_in(list, "ivan"));
  EXPECT_TRUE(text_in(list, "IVAN"));
  EXPECT_TRUE(text_in(list, "Two Words"));
  EXPECT_TRUE(text_in(list, "ÄRGER"));
  EXPECT_FALSE(text_in(list, "ärger"));
  EXPECT_FALSE(text_in(list, "iva"));
  EXPECT_FALSE(text_in(list, std::string(1'000'000, 'i')));
}

TEST(AListOfOtherKinds, HasWhatIsTheSame) {
  EXPECT_TRUE(text_in(list_of(Type::extension, {"exe"}), "EXE"));
  EXPECT_TRUE(text_in(list_of(Type::country, {"de"}), "DE"));
  EXPECT_TRUE(text_in(list_of(Type::user, {"ivan"}), "Ivan"));
  const auto sum = std::string(64, 'a');
  EXPECT_TRUE(text_in(list_of(Type::hash, {sum}), sum));
  EXPECT_FALSE(text_in(list_of(Type::hash, {sum}), std::string(64, 'b')));
  const auto numbers = list_of(Type::number, {"20", "-1.5", "20", "64512"});
  EXPECT_TRUE(numbers->has(Fact(20.0)));
  EXPECT_TRUE(numbers->has(Fact(-1.5)));
  EXPECT_FALSE(numbers->has(Fact(21.0)));
  EXPECT_EQ(numbers->size(), 3U);
  const auto types = list_of(Type::media_type, {"text/html", "image/*"});
  EXPECT_TRUE(text_in(types, "text/HTML"));
  EXPECT_TRUE(text_in(types, "image/png"));
  EXPECT_FALSE(text_in(types, "text/plain"));
  EXPECT_FALSE(text_in(types, "image"));
}

TEST(AListThatIsEmpty, HasNothing) {
  for (const auto type : {Type::domain, Type::address, Type::word, Type::network, Type::number}) {
    const auto list = list_of(type, {}, true);
    EXPECT_FALSE(text_in(list, "a@b.example"));
    EXPECT_FALSE(list->has(ip("192.0.2.1")));
    EXPECT_FALSE(list->has(Fact(1.0)));
    EXPECT_FALSE(list->any_within("a"));
  }
}

TEST(ATextThatContainsAWordOfAList, IsFoundAnywhereInIt) {
  const auto list = list_of(Type::word, {"invoice", "inv", "Überweisung", "x"}, true);
  EXPECT_TRUE(list->any_within("your INVOICE here"));
  EXPECT_TRUE(list->any_within("at the end inv"));
  EXPECT_FALSE(list->any_within("in"));
  EXPECT_TRUE(list->any_within("eine Überweisung"));
  EXPECT_TRUE(list->any_within("x"));
  EXPECT_FALSE(list->any_within(""));
  const auto domains = list_of(Type::domain, {"*.bad.example", "bücher.example"}, true);
  EXPECT_TRUE(domains->any_within("see http://www.BAD.example/"));
  EXPECT_FALSE(domains->any_within("see http://bad.example/"));
  EXPECT_TRUE(domains->any_within("http://xn--bcher-kva.example/"));
  EXPECT_TRUE(domains->any_within("http://bücher.example/"));
}

TEST(AMap, HasTheValuesOfItsKeys) {
  MapEntries entries;
  entries.emplace_back(constant(Type::user, "alice"),
                       std::vector{constant(Type::address, "alice@example.com"),
                                   constant(Type::address, "@sales.example.com")});
  std::vector<Constant> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(constant(Type::address, fmt::format("b{}@example.com", i)));
  }
  entries.emplace_back(constant(Type::user, "bob"), many);
  const auto map = make_map(Type::user, Type::address, entries);
  const auto has = [&](std::string_view key, std::string_view value) {
    return map->has(Fact(key), Fact(value));
  };
  EXPECT_TRUE(has("alice", "ALICE@example.com"));
  EXPECT_TRUE(has("Alice", "info@sales.example.com"));
  EXPECT_FALSE(has("alice", "b7@example.com"));
  EXPECT_TRUE(has("bob", "b99@example.com"));
  EXPECT_FALSE(has("bob", "b100@example.com"));
  EXPECT_FALSE(has("carol", "alice@example.com"));
  EXPECT_TRUE(map->has_key(Fact(std::string_view("BOB"))));
  std::vector<std::string> values;
  EXPECT_TRUE(map->values(Fact(std::string_view("alice")), values));
  EXPECT_EQ(values, (std::vector<std::string>{"alice@example.com", "@sales.example.com"}));
  EXPECT_FALSE(map->values(Fact(std::string_view("carol")), values));
}

TEST(AMap, GivesTheMostSpecificKey) {
  const auto values_of = [](Type type, const std::vector<std::string>& keys, const Fact& key) {
    MapEntries entries;
    for (const auto& one : keys) {
      entries.emplace_back(constant(type, one), std::vector{constant(Type::word, one)});
    }
    std::vector<std::string> out;
    make_map(type, Type::word, entries)->values(key, out);
    return out.empty() ? std::string() : out.front();
  };
  const std::vector<std::string> domains{"*.example", "*.b.example", "a.b.example"};
  EXPECT_EQ(values_of(Type::domain, domains, "a.b.example"), "a.b.example");
  EXPECT_EQ(values_of(Type::domain, domains, "c.b.example"), "*.b.example");
  EXPECT_EQ(values_of(Type::domain, domains, "b.example"), "*.example");
  const std::vector<std::string> addresses{"@*.example", "@b.example", "x@*.example",
                                           "x@b.example"};
  EXPECT_EQ(values_of(Type::address, addresses, "x@b.example"), "x@b.example");
  EXPECT_EQ(values_of(Type::address, addresses, "x@c.example"), "x@*.example");
  EXPECT_EQ(values_of(Type::address, addresses, "y@b.example"), "@b.example");
  EXPECT_EQ(values_of(Type::address, addresses, "y@c.example"), "@*.example");
  const std::vector<std::string> networks{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"};
  EXPECT_EQ(values_of(Type::network, networks, ip("10.1.2.3")), "10.1.2.0/24");
  EXPECT_EQ(values_of(Type::network, networks, ip("10.1.3.3")), "10.1.0.0/16");
  EXPECT_EQ(values_of(Type::network, networks, ip("10.2.3.3")), "10.0.0.0/8");
  EXPECT_EQ(values_of(Type::network, networks, net("10.1.0.0/20")), "10.1.0.0/16");
}

// Random items and questions from a small alphabet, so that they meet often.
class Random {
 public:
  explicit Random(unsigned seed) : bits_(seed) {}
  int up_to(int max) { return std::uniform_int_distribution(0, max)(bits_); }
  std::string label() { return std::string(1, "aAbc"[up_to(3)]) + (up_to(3) == 0 ? "x" : ""); }
  std::string domain(bool item) {
    std::string out = item && up_to(2) == 0 ? "*." : "";
    for (int i = up_to(3); i > 0; --i) out += label() + ".";
    return out + (up_to(1) == 0 ? "ex" : "EY");
  }
  std::string address(bool item) {
    return (item && up_to(2) == 0 ? "" : label()) + "@" + domain(item);
  }
  std::string network() {
    const int prefix = up_to(4) == 0 ? up_to(8) : 20 + up_to(12);
    if (up_to(2) == 0) {
      const auto six = IpAddress::parse(fmt::format("2001:db8::{:x}:{:x}", up_to(3), up_to(9)));
      const int wide = 100 + up_to(28);
      return fmt::format("{}/{}", six->masked(wide).to_string(), wide);
    }
    return fmt::format("{}/{}", v4().masked(prefix).to_string(), prefix);
  }
  IpAddress v4() {
    return *IpAddress::parse(fmt::format("10.{}.{}.{}", up_to(1), up_to(3), up_to(255)));
  }
  std::string word() {
    std::string out;
    for (int i = 1 + up_to(3); i > 0; --i) out += label();
    return out;
  }

 private:
  std::mt19937 bits_;
};

void compare(Type type, Random& random, const std::function<std::string(bool)>& make) {
  std::vector<std::string> items;
  for (int i = random.up_to(400); i > 0; --i) items.push_back(make(true));
  const auto list = list_of(type, items);
  for (int i = 0; i < 300; ++i) {
    const auto asked = make(false);
    Fact fact = std::string_view(asked);
    if (type == Type::network) {
      const auto network = Network::parse(asked).value();
      fact = random.up_to(1) == 0 ? Fact(network) : Fact(network.address());
    }
    const bool naive =
        std::ranges::any_of(items, [&](const std::string& item) { return fits(type, item, fact); });
    EXPECT_EQ(list->has(fact), naive) << asked;
  }
}

TEST(AListOfAnyKind, HasExactlyWhatOneOfItsItemsFits) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    Random random(seed);
    compare(Type::domain, random, [&](bool item) { return random.domain(item); });
    compare(Type::address, random, [&](bool item) { return random.address(item); });
    compare(Type::network, random, [&](bool) { return random.network(); });
    compare(Type::word, random, [&](bool) { return random.word(); });
  }
}

TEST(AListOfManyNetworks, HasExactlyWhatOneOfItsItemsFits) {
  Random random(7);
  std::vector<std::string> items;
  for (int i = 0; i < 6000; ++i) {
    items.push_back(
        fmt::format("{}.{}.{}.0/24", random.up_to(255), random.up_to(255), random.up_to(255)));
  }
  items.emplace_back("64.0.0.0/2");
  const auto list = list_of(Type::network, items);
  for (int i = 0; i < 300; ++i) {
    const auto asked =
        IpAddress::parse(i % 2 == 0 ? items[static_cast<std::size_t>(i)].substr(
                                          0, items[static_cast<std::size_t>(i)].find('/'))
                                    : fmt::format("{}.{}.{}.1", random.up_to(255),
                                                  random.up_to(255), random.up_to(255)))
            .value();
    EXPECT_EQ(list->has(Fact(asked)), std::ranges::any_of(items, [&](const std::string& item) {
                return Network::parse(item)->contains(asked);
              }));
  }
}

TEST(ATextThatContainsAWordOfAList, IsFoundAsOneByOne) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Random random(seed);
    std::vector<std::string> words;
    for (int i = random.up_to(30); i > 0; --i) words.push_back(random.word());
    const auto list = list_of(Type::word, words, true);
    for (int i = 0; i < 50; ++i) {
      const auto text = to_lower(random.word() + random.word());
      const bool naive = std::ranges::any_of(
          words, [&](const std::string& word) { return text.contains(to_lower(word)); });
      EXPECT_EQ(list->any_within(text), naive) << text;
    }
  }
}

}  // namespace
}  // namespace sekisho::rules::lists::testing

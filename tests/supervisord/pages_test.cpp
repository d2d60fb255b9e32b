// Whole pages of recorded supervisords, and of ones that answer badly.
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "common/page.h"
#include "common/scrape/scrape.h"
#include "exporters/supervisord/client.h"
#include "exporters/supervisord/metrics.h"
#include "exporters/supervisord/processes.h"
#include "exporters/supervisord/supervisord.h"
#include "tests/testing.h"

namespace stakewatch::supervisord {
namespace {

constexpr double kRecordedAt = 1795241521.5;

std::string PageOf(std::shared_ptr<const Upstream> supervisord) {
  Crew crew(16);
  Scraper scraper(SupervisordSources(std::move(supervisord), [] { return kRecordedAt; }), kMetrics,
                  crew, nullptr);
  return WritePage(scraper.Scrape(Deadline(std::chrono::seconds(10))));
}

// Answers one call by a text, the others as recorded.
class Altered : public Upstream {
 public:
  Altered(std::string name, std::string answer)
      : name_(std::move(name)), answer_(std::move(answer)) {}
  Result<std::string> Ask(const Request& request, const Deadline& deadline) const override {
    CHECK(request.path == "/RPC2");
    CHECK(request.content_type == "text/xml");
    if (request.name == name_) return answer_;
    return recorded_->Ask(request, deadline);
  }

 private:
  const std::string name_, answer_;
  const std::shared_ptr<Upstream> recorded_ =
      RecordedUpstream(testing::TestsFolder() + "/supervisord/cases/supervisor-4.2.5-every-state");
};

std::string PageWith(std::string name, std::string answer) {
  return PageOf(std::make_shared<Altered>(std::move(name), std::move(answer)));
}

bool Has(const std::string& page, const std::string& line) {
  return ("\n" + page).contains("\n" + line + "\n");
}

std::string Response(const std::string& value) {
  return "<?xml version='1.0'?>\n<methodResponse><params><param><value>" + value +
         "</value></param></params></methodResponse>";
}

std::string Member(const std::string& name, const std::string& value) {
  return "<member><name>" + name + "</name><value>" + value + "</value></member>";
}

std::string ProcessInfo(const std::string& name, const std::string& state,
                        const std::string& spawn_error = "") {
  return "<value><struct>" + Member("name", "<string>" + name + "</string>") +
         Member("group", name) + Member("start", "<int>10</int>") + Member("stop", "<int>0</int>") +
         Member("now", "<int>20</int>") + Member("state", "<i4>" + state + "</i4>") +
         Member("spawnerr", "<string>" + spawn_error + "</string>") +
         Member("exitstatus", "<int>3</int>") + "</struct></value>";
}

std::string Processes(const std::string& infos) {
  return Response("<array><data>" + infos + "</data></array>");
}

TEST_CASE("supervisord: each recorded one gives its expected page") {
  for (const testing::Case& recorded : testing::Cases("supervisord")) {
    CAPTURE(recorded.name);
    CHECK(recorded.Matches(PageOf(recorded.upstream)));
  }
}

TEST_CASE("supervisord: one bad answer fails its own source and no other") {
  const std::map<std::string, std::string> sources = {{"getSupervisorVersion", "version"},
                                                      {"getAPIVersion", "version"},
                                                      {"getIdentification", "version"},
                                                      {"getState", "state"},
                                                      {"getAllProcessInfo", "processes"}};
  const std::string bad[] = {
      "",
      " ",
      "<",
      "<head>\n<title>Error response</title>\n</head>\n",
      "<methodResponse/>",
      "<methodResponse><params/></methodResponse>",
      "<methodResponse><params><param/></params></methodResponse>",
      "<methodResponse><fault/></methodResponse>",
      "<methodResponse><fault><value><int>6</int></value></fault></methodResponse>",
      "<methodResponse><params><param><value><array><data>",
      Response("<array/>"),
      Response("<int>1</int>"),
      Response("<boolean>1</boolean>"),
      Response("<struct><member><name>statecode</name></member></struct>"),
      Response("<struct>" + Member("statecode", "<int>7</int>") + "</struct>"),
      Response("<struct>" + Member("statecode", "<int>1x</int>") + "</struct>"),
      Response("<struct>" + Member("statecode", "<int>99999999999999999999</int>") + "</struct>"),
      Processes("<value><struct/></value>"),
      Processes(ProcessInfo("a", "20") + ProcessInfo("a", "20")),
      std::string(200'000, '<'),
      [] {
        std::string deep;
        for (int i = 0; i < 200'000; ++i) deep += "<a>";
        return deep;
      }(),
      "{\"jsonrpc\":\"2.0\"}",
  };
  for (const auto& [call, source] : sources) {
    for (const std::string& answer : bad) {
      CAPTURE(call);
      CAPTURE(answer.substr(0, 100));
      const std::string page = PageWith(call, answer);
      for (const std::string other : {"version", "state", "processes"}) {
        CAPTURE(other);
        CHECK(Has(page, "stakewatch_source_up{source=\"" + other + "\"} " +
                            (other == source ? "0" : "1")));
      }
    }
  }
}

TEST_CASE("supervisord: no entity is expanded") {
  const std::string bomb =
      "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"0123456789\"><!ENTITY b \"&a;&a;&a;\">]>";
  const std::string answer = Response("<string>&b;</string>");
  const std::string page = PageWith("getIdentification", bomb + answer.substr(answer.find('\n')));
  CHECK(page.contains("identifier=\"&b;\""));
}

TEST_CASE("supervisord: an unknown state of a process is UNKNOWN") {
  const std::string page = PageWith("getAllProcessInfo", Processes(ProcessInfo("a", "77")));
  CHECK(Has(page, R"(supervisord_process_state{group="a",name="a",state="UNKNOWN"} 1)"));
  CHECK(Has(page, R"(supervisord_process_up{group="a",name="a"} 0)"));
  CHECK(Has(page, R"(supervisord_processes{state="UNKNOWN"} 1)"));
}

TEST_CASE("supervisord: an exit status is told of EXITED alone") {
  CHECK(Has(PageWith("getAllProcessInfo", Processes(ProcessInfo("a", "100"))),
            R"(supervisord_process_exit_status{group="a",name="a"} 3)"));
  for (const char* state : {"0", "10", "20", "30", "40", "200", "1000"}) {
    CAPTURE(state);
    CHECK_FALSE(PageWith("getAllProcessInfo", Processes(ProcessInfo("a", state)))
                    .contains("supervisord_process_exit_status{"));
  }
}

TEST_CASE("supervisord: names and errors cannot break out of a label") {
  const std::string evil = "x&quot;} 1&#10;evil 1&#0;&#27;[31m\xff";
  const std::string page = PageWith(
      "getAllProcessInfo", Processes(ProcessInfo(evil, "30", evil + std::string(1 << 20, 'y'))));
  CHECK_FALSE(page.contains("\nevil 1"));
  CHECK(page.contains("supervisord_process_spawn_error_info{"));
  CHECK(page.size() < 20'000);
  for (const char c : page) CHECK((c == '\n' || static_cast<unsigned char>(c) >= ' '));
}

TEST_CASE("supervisord: none configured is no failure") {
  const std::string page = PageWith("getAllProcessInfo", Processes(""));
  CHECK(Has(page, R"(stakewatch_source_up{source="processes"} 1)"));
  CHECK(Has(page, R"(supervisord_processes{state="RUNNING"} 0)"));
  CHECK_FALSE(page.contains("supervisord_clock_offset_seconds "));
}

TEST_CASE("supervisord: a wrong password is told by the flags that mend it") {
  class Refusing : public Upstream {
    Result<std::string> Ask(const Request&, const Deadline&) const override {
      return Fail(Reason::kHttpStatus, "HTTP 401: <head> <title>Error response</title>", 401);
    }
  };
  const Refusing supervisord;
  const auto answer =
      Client(supervisord).Ask(Call::kGetState, Deadline(std::chrono::seconds(1)), ParseState);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().reason == Reason::kHttpStatus);
  CHECK(answer.error().what.starts_with("getState: HTTP 401: "));
  CHECK(answer.error().what.contains("--supervisord.password-file"));
  CHECK_FALSE(answer.error().what.contains("<"));
}

TEST_CASE("supervisord: only calls that read can be said") {
  for (const std::string_view call : kCalls) {
    CAPTURE(call);
    CHECK(call.starts_with("get"));
  }
}

}  // namespace
}  // namespace stakewatch::supervisord

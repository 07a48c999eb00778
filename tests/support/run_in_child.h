#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <string>

namespace airlock {

// Runs `work` in a forked child and returns its text: for what may happen once
// in a process only, such as a simulation in ns-3. An exception or a crash in
// the child fails the calling test; then the result is empty.
inline std::string RunInChild(const std::function<std::string()>& work) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) {
    ADD_FAILURE() << "pipe() failed";
    return "";
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    int code = 0;
    std::string text;
    try {
      text = work();
    } catch (const std::exception& error) {
      text = error.what();
      code = 1;
    }
    for (size_t done = 0; done < text.size();) {
      const ssize_t n =
          write(pipe_ends[1], text.data() + done, text.size() - done);
      if (n <= 0) _exit(2);
      done += static_cast<size_t>(n);
    }
    _exit(code);
  }
  close(pipe_ends[1]);
  std::string text;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = read(pipe_ends[0], buffer, sizeof(buffer))) > 0) {
    text.append(buffer, static_cast<size_t>(n));
  }
  close(pipe_ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    ADD_FAILURE() << "fork() failed";
    return "";
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    ADD_FAILURE() << "the child ended with status " << status << ": " << text;
    return "";
  }
  return text;
}

// The same for work that ends with named numbers.
inline std::map<std::string, double> NumbersFromChild(
    const std::function<std::map<std::string, double>()>& work) {
  const std::string text = RunInChild([&] {
    std::string lines;
    char line[256];
    for (const auto& [name, value] : work()) {
      std::snprintf(line, sizeof(line), "%s %.17g\n", name.c_str(), value);
      lines += line;
    }
    return lines;
  });
  std::map<std::string, double> numbers;
  std::istringstream lines(text);
  std::string name;
  std::string value;
  while (lines >> name >> value) numbers[name] = std::stod(value);
  return numbers;
}

}  // namespace airlock

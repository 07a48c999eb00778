#pragma once

#include <functional>
#include <string>

namespace airlock {

// The whole file. Throws InputError with the path and the system's reason.
std::string ReadFile(const std::string& path);

// Replaces `path` by `text` so that a reader, and a kill at any moment, sees
// the old file or the new one: written beside it under a temporary name,
// synced, renamed, directory synced. Makes the folders above it. Throws Error
// (nothing left behind), also for what is not a plain file: a folder, a device.
void WriteFileAtomically(const std::string& path, const std::string& text);

// The same for a file that `write` makes: called with the temporary path, which
// it creates. An exception from it removes the temporary file and passes on.
void WriteAtomically(const std::string& path,
                     const std::function<void(const std::string&)>& write);

// Writes the new file `path` with the given permissions ("0600"), whole or not
// at all, and never over another one: throws Error (kInput) if there is
// something of that name, also where another program makes it meanwhile. Makes
// the folders above it, which only its owner may enter.
void CreateFileAtomically(const std::string& path, const std::string& text,
                          unsigned mode);

// Removes a file if it is there; says nothing if that fails.
void RemoveFile(const std::string& path);

// An output folder in the making: files go to path(), a hidden folder beside
// `final_path`; Commit() syncs and renames it into place in one step. Without
// Commit() the destructor removes it, so a failed or interrupted command leaves
// nothing. Throws Error (exit code kInput) if `final_path` exists and
// `overwrite` is false; with `overwrite` the old folder is swapped out in one
// step by Commit(). What Airlock did not write, a folder without summary.json,
// is never replaced.
class OutputFolder {
 public:
  OutputFolder(const std::string& final_path, bool overwrite);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  const std::string& path() const { return temporary_path_; }
  void Commit();

 private:
  std::string final_path_;
  std::string temporary_path_;
  bool overwrite_;
  bool committed_ = false;
};

}  // namespace airlock

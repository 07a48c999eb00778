# Run at every build (sim/base/CMakeLists.txt): writes version.cc if the commit
# is another one than at the build before. Needs SOURCE_DIR (the checkout), IN
# and OUT, and what IN names besides the commit.
set(AIRLOCK_GIT_COMMIT unknown)
# Only the checkout's own commit: not that of a repository that it lies in.
if(EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND git describe --always --dirty --abbrev=12 --exclude=*
                  WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE described ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(described)
    set(AIRLOCK_GIT_COMMIT ${described})
  endif()
endif()
set(AIRLOCK_GIT_COMMIT_ID "")
if(EXISTS ${SOURCE_DIR}/.git)
  execute_process(COMMAND git rev-parse HEAD
                  WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE AIRLOCK_GIT_COMMIT_ID ERROR_QUIET
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
configure_file(${IN} ${OUT} @ONLY)

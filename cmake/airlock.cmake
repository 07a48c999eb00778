# The two helper functions that every folder uses.

# airlock_library(NAME SOURCES a.cc... [DEPS airlock_base...]
#                 [PRIVATE_DEPS library...])
# A static library `airlock_NAME` with our compile options. DEPS are visible to
# its users, PRIVATE_DEPS (the third-party library that has its home here) are
# not.
function(airlock_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(airlock_${name} STATIC ${ARG_SOURCES})
  target_include_directories(airlock_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(airlock_${name} PRIVATE ${AIRLOCK_COMPILE_OPTIONS})
  target_link_libraries(airlock_${name} PUBLIC ${ARG_DEPS}
                                        PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# Whether one of the test files has a case that is called Wide...
function(airlock_wide_cases result)
  set(found FALSE)
  foreach(source ${ARGN})
    file(STRINGS ${source} wide REGEX "(TEST|SUITE)[A-Z_]*[(]Wide")
    if(wide)
      set(found TRUE)
    endif()
  endforeach()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# airlock_tests(LABEL MODULE [DEPS library...])
# One GoogleTest program of all tests/LABEL/MODULE/*_test.cc (nothing if there
# are none), registered with ctest under LABEL.
function(airlock_tests label module)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS
       ${PROJECT_SOURCE_DIR}/tests/${label}/${module}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  set(target ${label}_${module}_test)
  add_executable(${target} ${sources})
  target_compile_options(${target} PRIVATE ${AIRLOCK_COMPILE_OPTIONS})
  target_compile_definitions(${target} PRIVATE
    AIRLOCK_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    AIRLOCK_BINARY_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${target} PRIVATE ${ARG_DEPS} airlock_test_support)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 900)
  # Cases whose name begins with Wide take long: they run with the label slow.
  airlock_wide_cases(has_wide ${sources})
  if(has_wide AND NOT label STREQUAL slow)
    set_tests_properties(${target} PROPERTIES
                         ENVIRONMENT "GTEST_FILTER=-Wide*")
    add_test(NAME slow_${target} COMMAND ${target})
    set_tests_properties(slow_${target} PROPERTIES LABELS slow TIMEOUT 900
                         ENVIRONMENT "GTEST_FILTER=Wide*")
  endif()
endfunction()

# fused multiply-add would make results differ between processors.
set(AIRLOCK_COMPILE_OPTIONS -Wall -Wextra -ffp-contract=off)

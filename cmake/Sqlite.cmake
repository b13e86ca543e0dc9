# SQLite 3.54.1 with FTS5 as the static library alv_sqlite, with hidden symbols: the amalgamation
# that the crate libsqlite3-sys carries. Debian's 3.40 would be a host's, too: two versions of one
# library with visible symbols in one process don't go together.
include(AlvissFetch)

alv_fetch_crate(ALV_SQLITE_CRATE PACKAGE libsqlite3-sys VERSION 0.40.0
  SHA256 b06e69070b7e12262b0cd90832f0a7396f142a2b330181255562decf9f0c6215)
if(NOT ALV_SQLITE_CRATE)
  message(FATAL_ERROR "The source package libsqlite3-sys 0.40.0 could not be fetched: install cargo, "
                      "or put libsqlite3-sys-0.40.0.crate into ${ALVISS_CACHE_DIR}/src")
endif()
set(root "${PROJECT_BINARY_DIR}/third_party/libsqlite3-sys-0.40.0/sqlite3")
if(NOT EXISTS "${root}/sqlite3.c")
  file(ARCHIVE_EXTRACT INPUT "${ALV_SQLITE_CRATE}"
    DESTINATION "${PROJECT_BINARY_DIR}/third_party" PATTERNS "*/sqlite3/sqlite3.[ch]")
endif()

add_library(alv_sqlite STATIC "${root}/sqlite3.c")
target_include_directories(alv_sqlite SYSTEM PUBLIC "${root}")
target_compile_definitions(alv_sqlite PRIVATE
  SQLITE_ENABLE_FTS5
  SQLITE_THREADSAFE=2            # one thread at a time has a connection: sqlite.h of the layer
  SQLITE_DQS=0
  SQLITE_DEFAULT_FOREIGN_KEYS=1
  SQLITE_DEFAULT_MEMSTATUS=0
  SQLITE_LIKE_DOESNT_MATCH_BLOBS
  SQLITE_MAX_ATTACHED=0
  SQLITE_TRUSTED_SCHEMA=0
  SQLITE_USE_URI=0
  SQLITE_OMIT_DEPRECATED
  SQLITE_OMIT_LOAD_EXTENSION
  SQLITE_OMIT_SHARED_CACHE
  SQLITE_TEMP_STORE=3)           # never a temporary file
# Its speed is that of the disk; its size is a fifth of the library's at -O3.
target_compile_options(alv_sqlite PRIVATE -w -Os -ffunction-sections -fdata-sections)
if(ALVISS_SANITIZE)
  target_compile_options(alv_sqlite PRIVATE -fsanitize=address -fno-omit-frame-pointer)
endif()
set_target_properties(alv_sqlite PROPERTIES
  C_STANDARD 99
  C_EXTENSIONS ON
  C_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON)

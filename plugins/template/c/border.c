#include "border.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void abort_with(const char *message) {
  plugin_string_t words = {(uint8_t *)message, strlen(message)};
  tidegate_plugin_log_line(TIDEGATE_PLUGIN_LOG_LEVEL_ERROR, &words);
  __builtin_trap();
}

// In place of the library's `__assert_fail`, which would print, and there is nowhere to print to: the Makefile gives it this name.
_Noreturn void assert_failed(const char *claim, const char *file, int line, const char *function) {
  plugin_string_t words = JOIN(text(file), text(":"), decimal((uint32_t)line), text(": "), text(function), text(": assert("), text(claim),
                               text(") does not hold\n"));
  words.ptr[words.len - 1] = 0;
  abort_with((const char *)words.ptr);
}

void *must_alloc(size_t bytes) {
  void *memory = calloc(1, bytes == 0 ? 1 : bytes);
  if (memory == NULL) abort_with("there is no memory left");
  return memory;
}

plugin_string_t text(const char *words) { return copy((plugin_string_t){(uint8_t *)words, strlen(words)}); }

plugin_string_t copy(plugin_string_t of) {
  plugin_string_t made = {must_alloc(of.len), of.len};
  if (of.len > 0) memcpy(made.ptr, of.ptr, of.len);
  return made;
}

plugin_list_string_t list_of_one(const char *words) {
  plugin_list_string_t list = {must_alloc(sizeof(plugin_string_t)), 1};
  list.ptr[0] = text(words);
  return list;
}

plugin_option_string_t some(plugin_string_t of) {
  plugin_option_string_t option = {0};
  if (of.ptr != NULL) {
    option.is_some = true;
    option.val = copy(of);
  }
  return option;
}

uint8_t lower(uint8_t letter) { return letter >= 'A' && letter <= 'Z' ? letter + 32 : letter; }

bool same(plugin_string_t one, const char *other) {
  return equal(one, (plugin_string_t){(uint8_t *)other, strlen(other)});
}

bool equal(plugin_string_t one, plugin_string_t other) {
  return one.len == other.len && (one.len == 0 || memcmp(one.ptr, other.ptr, one.len) == 0);
}

plugin_string_t joined(const plugin_string_t *texts, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) length += texts[i].len;
  plugin_string_t whole = {must_alloc(length), 0};
  for (size_t i = 0; i < count; i++) {
    if (texts[i].len > 0) memcpy(whole.ptr + whole.len, texts[i].ptr, texts[i].len);
    whole.len += texts[i].len;
  }
  return whole;
}

plugin_string_t decimal(uint32_t number) {
  plugin_string_t digits = {must_alloc(10), 0};
  uint32_t above = 1;
  while (number / above >= 10) above *= 10;
  for (; above > 0; above /= 10) digits.ptr[digits.len++] = (uint8_t)('0' + number / above % 10);
  return digits;
}

plugin_string_t percent_encoded(plugin_string_t of) {
  static const char HEX[] = "0123456789ABCDEF";
  plugin_string_t out = {must_alloc(3 * of.len), 0};
  for (size_t i = 0; i < of.len; i++) {
    uint8_t c = of.ptr[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c));
    if (plain) {
      out.ptr[out.len++] = c;
    } else {
      out.ptr[out.len++] = '%';
      out.ptr[out.len++] = (uint8_t)HEX[c >> 4];
      out.ptr[out.len++] = (uint8_t)HEX[c & 15];
    }
  }
  return out;
}

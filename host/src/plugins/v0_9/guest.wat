;; A plugin of the artificial track. It is given everything and answers with what it was given: identifiers that begin with "h" are
;; right and are the URL, and a body is the id of the one item "tide". `normalize` logs the body first.
(component
  (import "tidegate:plugin/log@0.9.2" (instance $log (export "line" (func (param "message" string)))))

  (core module $store
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 1024))
    ;; A fresh instance for each call: nothing is ever given back.
    (func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $want i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $at) (local.get $want)))
      (local.get $at)))
  (core instance $store (instantiate $store))
  (alias core export $store "memory" (core memory $memory))
  (alias core export $store "realloc" (core func $realloc))
  (core func $line (canon lower (func $log "line") (memory $memory) (realloc $realloc)))

  (core module $plugin
    (import "store" "memory" (memory 1))
    (import "log" "line" (func $line (param i32 i32)))
    (data (i32.const 16) "newer-plugin" "9.1.0" "list" "*" "give a URL" "tide")
    ;; describe: ("newer-plugin", "9.1.0", ["list"], ["*"])
    (data (i32.const 64) "\10\00\00\00\0c\00\00\00" "\1c\00\00\00\05\00\00\00" "\60\00\00\00\01\00\00\00" "\68\00\00\00\01\00\00\00")
    (data (i32.const 96) "\21\00\00\00\04\00\00\00" "\25\00\00\00\01\00\00\00")
    (func (export "describe") (result i32) (i32.const 64))

    ;; A result at 128: its case, then a text or a list.
    (func $result (param $case i32) (param $at i32) (param $len i32) (result i32)
      (i32.store8 (i32.const 128) (local.get $case))
      (i32.store (i32.const 132) (local.get $at))
      (i32.store (i32.const 136) (local.get $len))
      (i32.const 128))
    (func $checked (param $at i32) (param $len i32) (result i32)
      (if (result i32) (i32.eq (i32.load8_u (local.get $at)) (i32.const 104))
        (then (call $result (i32.const 0) (local.get $at) (local.get $len)))
        (else (call $result (i32.const 1) (i32.const 38) (i32.const 10)))))
    (export "validate" (func $checked))
    (export "plan" (func $checked))
    (func (export "normalize") (param $at i32) (param $len i32) (result i32)
      (call $line (local.get $at) (local.get $len))
      (i32.store (i32.const 160) (local.get $at))
      (i32.store (i32.const 164) (local.get $len))
      (i32.store (i32.const 168) (i32.const 48))
      (i32.store (i32.const 172) (i32.const 4))
      (call $result (i32.const 0) (i32.const 160) (i32.const 1))))
  (core instance $plugin (instantiate $plugin
    (with "store" (instance $store))
    (with "log" (instance (export "line" (func $line))))))

  (func $describe (result (tuple string string (list string) (list string)))
    (canon lift (core func $plugin "describe") (memory $memory)))
  (func $validate (param "identifier" string) (result (result string (error string)))
    (canon lift (core func $plugin "validate") (memory $memory) (realloc $realloc)))
  (func $plan (param "identifier" string) (result (result string (error string)))
    (canon lift (core func $plugin "plan") (memory $memory) (realloc $realloc)))
  (func $normalize (param "body" string) (result (result (list (tuple string string)) (error string)))
    (canon lift (core func $plugin "normalize") (memory $memory) (realloc $realloc)))
  (instance $source
    (export "describe" (func $describe)) (export "validate" (func $validate))
    (export "plan" (func $plan)) (export "normalize" (func $normalize)))
  (export "tidegate:plugin/source@0.9.2" (instance $source)))

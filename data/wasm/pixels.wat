;; Loops over the pixels of images of bytes, 16 at a time. Knows no image: places, lengths and weights are given.
;;
;; Numbers of a resize are Pillow's: 22 bits after the point, sums of 32 bits that begin with a half. A product of
;; a byte and such a weight needs more than 16 bits, so a weight comes as two halves, w = high · 2^11 + low, each in
;; a pair with the half of the next tap: [offset, (high, high), (low, low), …], which `i32x4.dot_i16x8_s` takes.
;;
;; Stores run over the end of a row by less than 64 bytes. What they spill on is written afterwards, but for the last
;; row, behind which the caller leaves room. Loads run over as well, and what they find does not matter.
(module
  (memory (export "memory") 1)

  ;; Rows of 3-channel pixels to other widths, four rows at a time: up to three more than `rows` are read and written.
  ;; An offset is that of the first pixel, in bytes.
  (func (export "across")
    (param $x i32) (param $xStride i32) (param $y i32) (param $yStride i32) (param $rows i32)
    (param $taps i32) (param $outputs i32) (param $pairs i32)
    (local $p i32) (local $o i32) (local $t i32) (local $end i32) (local $n i32)
    (local $x2 i32) (local $x3 i32) (local $y2 i32) (local $y3 i32)
    (local $m v128) (local $wh v128) (local $wl v128)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (local.set $x2 (i32.shl (local.get $xStride) (i32.const 1)))
    (local.set $x3 (i32.add (local.get $x2) (local.get $xStride)))
    (local.set $y2 (i32.shl (local.get $yStride) (i32.const 1)))
    (local.set $y3 (i32.add (local.get $y2) (local.get $yStride)))
    (loop $four
      (local.set $t (local.get $taps))
      (local.set $o (local.get $y))
      (local.set $end (i32.add (local.get $y) (i32.mul (local.get $outputs) (i32.const 3))))
      (loop $output
        (local.set $p (i32.add (local.get $x) (i32.load (local.get $t))))
        (local.set $t (i32.add (local.get $t) (i32.const 4)))
        (local.set $n (local.get $pairs))
        (local.set $h0 (v128.const i32x4 0 0 0 0))
        (local.set $h1 (local.get $h0))
        (local.set $h2 (local.get $h0))
        (local.set $h3 (local.get $h0))
        (local.set $l0 (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (local.set $l1 (local.get $l0))
        (local.set $l2 (local.get $l0))
        (local.set $l3 (local.get $l0))
        (loop $pair
          (local.set $wh (v128.load32_splat (local.get $t)))
          (local.set $wl (v128.load32_splat offset=4 (local.get $t)))
          ;; Two pixels of each row as r r g g b b.
          (local.set $m
            (i8x16.swizzle (v128.load64_zero (local.get $p))
              (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
          (local.set $h0 (i32x4.add (local.get $h0) (i32x4.dot_i16x8_s (local.get $m) (local.get $wh))))
          (local.set $l0 (i32x4.add (local.get $l0) (i32x4.dot_i16x8_s (local.get $m) (local.get $wl))))
          (local.set $m
            (i8x16.swizzle (v128.load64_zero (i32.add (local.get $p) (local.get $xStride)))
              (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
          (local.set $h1 (i32x4.add (local.get $h1) (i32x4.dot_i16x8_s (local.get $m) (local.get $wh))))
          (local.set $l1 (i32x4.add (local.get $l1) (i32x4.dot_i16x8_s (local.get $m) (local.get $wl))))
          (local.set $m
            (i8x16.swizzle (v128.load64_zero (i32.add (local.get $p) (local.get $x2)))
              (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
          (local.set $h2 (i32x4.add (local.get $h2) (i32x4.dot_i16x8_s (local.get $m) (local.get $wh))))
          (local.set $l2 (i32x4.add (local.get $l2) (i32x4.dot_i16x8_s (local.get $m) (local.get $wl))))
          (local.set $m
            (i8x16.swizzle (v128.load64_zero (i32.add (local.get $p) (local.get $x3)))
              (v128.const i8x16 0 -1 3 -1 1 -1 4 -1 2 -1 5 -1 -1 -1 -1 -1)))
          (local.set $h3 (i32x4.add (local.get $h3) (i32x4.dot_i16x8_s (local.get $m) (local.get $wh))))
          (local.set $l3 (i32x4.add (local.get $l3) (i32x4.dot_i16x8_s (local.get $m) (local.get $wl))))
          (local.set $p (i32.add (local.get $p) (i32.const 6)))
          (local.set $t (i32.add (local.get $t) (i32.const 8)))
          (br_if $pair (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $m
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (local.get $l0) (i32x4.shl (local.get $h0) (i32.const 11)))
                (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $l1) (i32x4.shl (local.get $h1) (i32.const 11)))
                (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (local.get $l2) (i32x4.shl (local.get $h2) (i32.const 11)))
                (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $l3) (i32x4.shl (local.get $h3) (i32.const 11)))
                (i32.const 22)))))
        (v128.store32_lane 0 (local.get $o) (local.get $m))
        (v128.store32_lane 1 (i32.add (local.get $o) (local.get $yStride)) (local.get $m))
        (v128.store32_lane 2 (i32.add (local.get $o) (local.get $y2)) (local.get $m))
        (v128.store32_lane 3 (i32.add (local.get $o) (local.get $y3)) (local.get $m))
        (br_if $output
          (i32.lt_u (local.tee $o (i32.add (local.get $o) (i32.const 3))) (local.get $end))))
      (local.set $x (i32.add (local.get $x) (i32.shl (local.get $xStride) (i32.const 2))))
      (local.set $y (i32.add (local.get $y) (i32.shl (local.get $yStride) (i32.const 2))))
      (br_if $four
        (i32.gt_s (local.tee $rows (i32.sub (local.get $rows) (i32.const 4))) (i32.const 0)))))

  ;; Columns of bytes to other heights. An offset is the number of the first row.
  (func (export "down")
    (param $x i32) (param $xStride i32) (param $y i32) (param $yStride i32) (param $bytes i32)
    (param $taps i32) (param $outputs i32) (param $pairs i32)
    (local $from i32) (local $p i32) (local $t i32) (local $c i32) (local $n i32)
    (local $a v128) (local $b v128) (local $m v128) (local $wh v128) (local $wl v128)
    (local $h0 v128) (local $h1 v128) (local $h2 v128) (local $h3 v128)
    (local $l0 v128) (local $l1 v128) (local $l2 v128) (local $l3 v128)
    (loop $output
      (local.set $from
        (i32.add (local.get $x) (i32.mul (i32.load (local.get $taps)) (local.get $xStride))))
      (local.set $c (i32.const 0))
      (loop $column
        (local.set $p (i32.add (local.get $from) (local.get $c)))
        (local.set $t (local.get $taps))
        (local.set $n (local.get $pairs))
        (local.set $h0 (v128.const i32x4 0 0 0 0))
        (local.set $h1 (local.get $h0))
        (local.set $h2 (local.get $h0))
        (local.set $h3 (local.get $h0))
        (local.set $l0 (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (local.set $l1 (local.get $l0))
        (local.set $l2 (local.get $l0))
        (local.set $l3 (local.get $l0))
        (loop $pair
          (local.set $a (v128.load (local.get $p)))
          (local.set $b (v128.load (i32.add (local.get $p) (local.get $xStride))))
          (local.set $wh (v128.load32_splat offset=4 (local.get $t)))
          (local.set $wl (v128.load32_splat offset=8 (local.get $t)))
          (local.set $m
            (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $a) (local.get $b)))
          (local.set $b
            (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $a) (local.get $b)))
          (local.set $a (i16x8.extend_low_i8x16_u (local.get $m)))
          (local.set $h0 (i32x4.add (local.get $h0) (i32x4.dot_i16x8_s (local.get $a) (local.get $wh))))
          (local.set $l0 (i32x4.add (local.get $l0) (i32x4.dot_i16x8_s (local.get $a) (local.get $wl))))
          (local.set $a (i16x8.extend_high_i8x16_u (local.get $m)))
          (local.set $h1 (i32x4.add (local.get $h1) (i32x4.dot_i16x8_s (local.get $a) (local.get $wh))))
          (local.set $l1 (i32x4.add (local.get $l1) (i32x4.dot_i16x8_s (local.get $a) (local.get $wl))))
          (local.set $a (i16x8.extend_low_i8x16_u (local.get $b)))
          (local.set $h2 (i32x4.add (local.get $h2) (i32x4.dot_i16x8_s (local.get $a) (local.get $wh))))
          (local.set $l2 (i32x4.add (local.get $l2) (i32x4.dot_i16x8_s (local.get $a) (local.get $wl))))
          (local.set $a (i16x8.extend_high_i8x16_u (local.get $b)))
          (local.set $h3 (i32x4.add (local.get $h3) (i32x4.dot_i16x8_s (local.get $a) (local.get $wh))))
          (local.set $l3 (i32x4.add (local.get $l3) (i32x4.dot_i16x8_s (local.get $a) (local.get $wl))))
          (local.set $p
            (i32.add (local.get $p) (i32.shl (local.get $xStride) (i32.const 1))))
          (local.set $t (i32.add (local.get $t) (i32.const 8)))
          (br_if $pair (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (v128.store (i32.add (local.get $y) (local.get $c))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (local.get $l0) (i32x4.shl (local.get $h0) (i32.const 11)))
                (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $l1) (i32x4.shl (local.get $h1) (i32.const 11)))
                (i32.const 22)))
            (i16x8.narrow_i32x4_s
              (i32x4.shr_s
                (i32x4.add (local.get $l2) (i32x4.shl (local.get $h2) (i32.const 11)))
                (i32.const 22))
              (i32x4.shr_s
                (i32x4.add (local.get $l3) (i32x4.shl (local.get $h3) (i32.const 11)))
                (i32.const 22)))))
        (br_if $column
          (i32.lt_u (local.tee $c (i32.add (local.get $c) (i32.const 16))) (local.get $bytes))))
      (local.set $taps
        (i32.add (local.get $taps)
          (i32.add (i32.const 4) (i32.shl (local.get $pairs) (i32.const 3)))))
      (local.set $y (i32.add (local.get $y) (local.get $yStride)))
      (br_if $output (local.tee $outputs (i32.sub (local.get $outputs) (i32.const 1))))))

  ;; 3 channels to 4, the last one 0: rows one after the other in y, 16 pixels at a time.
  (func (export "widen")
    (param $x i32) (param $xStride i32) (param $y i32) (param $width i32) (param $rows i32)
    (local $p i32) (local $o i32)
    (loop $row
      (local.set $p (local.get $x))
      (local.set $o (local.get $y))
      (local.set $y (i32.add (local.get $y) (i32.shl (local.get $width) (i32.const 2))))
      (loop $pixels
        (v128.store (local.get $o)
          (i8x16.swizzle (v128.load (local.get $p))
            (v128.const i8x16 0 1 2 -1 3 4 5 -1 6 7 8 -1 9 10 11 -1)))
        (v128.store offset=16 (local.get $o)
          (i8x16.swizzle (v128.load offset=12 (local.get $p))
            (v128.const i8x16 0 1 2 -1 3 4 5 -1 6 7 8 -1 9 10 11 -1)))
        (v128.store offset=32 (local.get $o)
          (i8x16.swizzle (v128.load offset=24 (local.get $p))
            (v128.const i8x16 0 1 2 -1 3 4 5 -1 6 7 8 -1 9 10 11 -1)))
        (v128.store offset=48 (local.get $o)
          (i8x16.swizzle (v128.load offset=36 (local.get $p))
            (v128.const i8x16 0 1 2 -1 3 4 5 -1 6 7 8 -1 9 10 11 -1)))
        (local.set $p (i32.add (local.get $p) (i32.const 48)))
        (br_if $pixels
          (i32.lt_u (local.tee $o (i32.add (local.get $o) (i32.const 64))) (local.get $y))))
      (local.set $x (i32.add (local.get $x) (local.get $xStride)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; The same with each row mirrored. What is read goes forwards all the way, which a processor foresees, so each row is
  ;; written backwards. The last 16 pixels of a row lie over others; a row of fewer spills on the one before.
  (func (export "mirror")
    (param $x i32) (param $xStride i32) (param $y i32) (param $width i32) (param $rows i32)
    (local $p i32) (local $o i32) (local $begin i32) (local $over i32)
    (loop $row
      (local.set $begin (local.get $y))
      (local.set $p (local.get $x))
      (local.set $y (i32.add (local.get $y) (i32.shl (local.get $width) (i32.const 2))))
      (local.set $o (i32.sub (local.get $y) (i32.const 64)))
      (loop $pixels
        (v128.store offset=48 (local.get $o)
          (i8x16.swizzle (v128.load (local.get $p))
            (v128.const i8x16 9 10 11 -1 6 7 8 -1 3 4 5 -1 0 1 2 -1)))
        (v128.store offset=32 (local.get $o)
          (i8x16.swizzle (v128.load offset=12 (local.get $p))
            (v128.const i8x16 9 10 11 -1 6 7 8 -1 3 4 5 -1 0 1 2 -1)))
        (v128.store offset=16 (local.get $o)
          (i8x16.swizzle (v128.load offset=24 (local.get $p))
            (v128.const i8x16 9 10 11 -1 6 7 8 -1 3 4 5 -1 0 1 2 -1)))
        (v128.store (local.get $o)
          (i8x16.swizzle (v128.load offset=36 (local.get $p))
            (v128.const i8x16 9 10 11 -1 6 7 8 -1 3 4 5 -1 0 1 2 -1)))
        (local.set $p (i32.add (local.get $p) (i32.const 48)))
        (local.set $o (i32.sub (local.get $o) (i32.const 64)))
        (local.set $over (i32.sub (local.get $begin) (local.get $o)))
        (if (i32.lt_s (local.get $over) (i32.const 64))
          (then
            (if (i32.gt_s (local.get $over) (i32.const 0))
              (then
                (local.set $o (local.get $begin))
                (local.set $p
                  (i32.sub (local.get $p)
                    (i32.mul (i32.shr_u (local.get $over) (i32.const 2)) (i32.const 3))))))
            (br $pixels))))
      (local.set $x (i32.add (local.get $x) (local.get $xStride)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; 4 channels to 3: the last one is dropped.
  (func (export "narrow") (param $x i32) (param $y i32) (param $pixels i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $pixels) (i32.const 2))))
    (loop $four
      (v128.store (local.get $y)
        (i8x16.swizzle (v128.load (local.get $x))
          (v128.const i8x16 0 1 2 4 5 6 8 9 10 12 13 14 -1 -1 -1 -1)))
      (local.set $y (i32.add (local.get $y) (i32.const 12)))
      (br_if $four
        (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $end))))))

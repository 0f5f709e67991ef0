; Softmax of each of R rows of C numbers, one row at a time, in three passes.
.equ IN, 0
.equ TMP, align(C*2, 64)                ; exponentials, f32
.equ OUT, TMP + align(C*4, 64)
    li s1, 0
row:
    mul s2, s1, C*2
    dload t0, [IN], [s2 + X], 1, C*2
    wait t0
    vli v1, -inf
    li s3, 0
largest:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    vld.f16 v2, [s5 + IN]
    vmax v1, v1, v2
    add s3, s3, VLEN
    blt s3, C, largest
    vset VLEN
    vrmax v1, v1
    vli v3, 0
    li s3, 0
powers:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    shl s6, s3, 2
    vld.f16 v2, [s5 + IN]
    vsub v2, v2, v1
    vexp v2, v2
    vst.f32 v2, [s6 + TMP]
    vadd v3, v3, v2
    add s3, s3, VLEN
    blt s3, C, powers
    vset VLEN
    vrsum v3, v3
    vrcp v3, v3
    li s3, 0
scale:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    shl s6, s3, 2
    vld.f32 v2, [s6 + TMP]
    vmul v2, v2, v3
    vst.f16 v2, [s5 + OUT]
    add s3, s3, VLEN
    blt s3, C, scale
    dstore t1, [s2 + Y], [OUT], 1, C*2
    wait t1
    add s1, s1, 1
    blt s1, R, row
    halt

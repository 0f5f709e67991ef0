; Y = (X - mean) / sqrt(variance + 1e-5) * G + B for each of R rows of C numbers.
.equ IN, 0
.equ GB, align(C*2, 64)
.equ BB, GB + align(C*2, 64)
.equ OUT, BB + align(C*2, 64)
    dload t0, [GB], [G], 1, C*2
    wait t0
    dload t0, [BB], [B], 1, C*2
    wait t0
    li s1, 0
row:
    mul s2, s1, C*2
    dload t0, [IN], [s2 + X], 1, C*2
    wait t0
    vset VLEN
    vli v1, 0
    li s3, 0
sum:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    vld.f16 v2, [s5 + IN]
    vadd v1, v1, v2
    add s3, s3, VLEN
    blt s3, C, sum
    vset VLEN
    vrsum v1, v1
    vmul v1, v1, 1.0/C
    vli v3, 0
    li s3, 0
square:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    vld.f16 v2, [s5 + IN]
    vsub v2, v2, v1
    vmac v3, v2, v2
    add s3, s3, VLEN
    blt s3, C, square
    vset VLEN
    vrsum v3, v3
    vmul v3, v3, 1.0/C
    vadd v3, v3, 0.00001
    vrsqrt v3, v3
    li s3, 0
scale:
    li s4, C
    sub s4, s4, s3
    min s4, s4, VLEN
    vset s4
    shl s5, s3, 1
    vld.f16 v2, [s5 + IN]
    vsub v2, v2, v1
    vmul v2, v2, v3
    vld.f16 v4, [s5 + GB]
    vmul v2, v2, v4
    vld.f16 v4, [s5 + BB]
    vadd v2, v2, v4
    vst.f16 v2, [s5 + OUT]
    add s3, s3, VLEN
    blt s3, C, scale
    dstore t1, [s2 + Y], [OUT], 1, C*2
    wait t1
    add s1, s1, 1
    blt s1, R, row
    halt

; Y = sum of each of R rows of C numbers; Y is f32.
.equ IN, 0
.equ OUT, align(C*2, 64)
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
    vset 1
    vst.f32 v1, [OUT]
    shl s6, s1, 2
    dstore t1, [s6 + Y], [OUT], 1, 4
    wait t1
    add s1, s1, 1
    blt s1, R, row
    halt

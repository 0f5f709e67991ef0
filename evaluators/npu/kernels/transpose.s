; Y = transpose of X, R x C, in tiles of at most TR x TC.
.equ TR, min(16, VLEN)
.equ TC, 16
.equ IN, 0
.equ OUT, align(TR*TC*2, 64)
    li s1, 0
row:
    li s10, R
    sub s10, s10, s1
    min s10, s10, TR
    li s2, 0
col:
    li s11, C
    sub s11, s11, s2
    min s11, s11, TC
    mul s13, s1, C*2
    shl s14, s2, 1
    add s13, s13, s14
    shl s15, s11, 1
    dload t0, [IN], [s13 + X], s10, s15, TC*2, C*2
    wait t0
    vset s10
    li s3, 0
turn:
    shl s4, s3, 1
    mul s5, s3, TR*2
    vld.f16 v1, [s4 + IN], TC*2
    vst.f16 v1, [s5 + OUT]
    add s3, s3, 1
    blt s3, s11, turn
    mul s13, s2, R*2
    shl s14, s1, 1
    add s13, s13, s14
    shl s15, s10, 1
    dstore t1, [s13 + Y], [OUT], s11, s15, R*2, TR*2
    wait t1
    add s2, s2, TC
    blt s2, C, col
    add s1, s1, TR
    blt s1, R, row
    halt

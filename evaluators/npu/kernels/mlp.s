; Y = gelu(X U) W: X is M x D, U is D x H, W is H x D. TM rows at a time, with their hidden
; values on chip.
.equ TM, min(16, TILE_ROWS)
.equ TN, min(COLS, VLEN)
.equ XB, 0
.equ WB, XB + align(TM*D*2, 64)
.equ SB, WB + align(ROWS*COLS*2, 64)    ; sums before gelu, f32
.equ HB, SB + align(TM*TN*4, 64)        ; hidden values, f16
.equ YB, HB + align(TM*H*2, 64)
    li s1, 0
rows:
    li s10, M
    sub s10, s10, s1
    min s10, s10, TM
    mul s13, s1, D*2
    dload t0, [XB], [s13 + X], s10, D*2
    wait t0
    li s2, 0                            ; first hidden value
hidden:
    li s11, H
    sub s11, s11, s2
    min s11, s11, TN
    shl s18, s11, 1
    shl s17, s2, 1
    li s3, 0
depth:
    li s12, D
    sub s12, s12, s3
    min s12, s12, ROWS
    mul s16, s3, H*2
    add s16, s16, s17
    dload t1, [WB], [s16 + U], s12, s18, COLS*2, H*2
    wait t1
    mload.f16 w0, [WB], COLS*2, s12, s11
    shl s15, s3, 1
    bne s3, 0, more_depth
    mmul.f16 a0, w0, [s15 + XB], D*2, s10
    jmp next_depth
more_depth:
    mmac.f16 a0, w0, [s15 + XB], D*2, s10
next_depth:
    add s3, s3, ROWS
    blt s3, D, depth
    mdrain.f32 t2, [SB], TN*4, a0, s10, s11
    wait t2
    vset s11
    li s4, 0
row:
    mul s5, s4, TN*4
    vld.f32 v1, [s5 + SB]
    vmul v2, v1, v1
    vmul v2, v2, v1
    vmul v2, v2, 0.044715
    vadd v2, v2, v1
    vmul v2, v2, 0.7978845608
    vtanh v2, v2
    vadd v2, v2, 1
    vmul v2, v2, v1
    vmul v2, v2, 0.5
    mul s6, s4, H*2
    add s6, s6, s17
    vst.f16 v2, [s6 + HB]
    add s4, s4, 1
    blt s4, s10, row
    add s2, s2, TN
    blt s2, H, hidden
    li s2, 0                            ; first column of Y
cols:
    li s11, D
    sub s11, s11, s2
    min s11, s11, COLS
    shl s18, s11, 1
    shl s17, s2, 1
    li s3, 0
inner:
    li s12, H
    sub s12, s12, s3
    min s12, s12, ROWS
    mul s16, s3, D*2
    add s16, s16, s17
    dload t1, [WB], [s16 + W], s12, s18, COLS*2, D*2
    wait t1
    mload.f16 w0, [WB], COLS*2, s12, s11
    shl s15, s3, 1
    bne s3, 0, more
    mmul.f16 a0, w0, [s15 + HB], H*2, s10
    jmp next
more:
    mmac.f16 a0, w0, [s15 + HB], H*2, s10
next:
    add s3, s3, ROWS
    blt s3, H, inner
    mdrain.f16 t2, [YB], COLS*2, a0, s10, s11
    wait t2
    mul s13, s1, D*2
    add s13, s13, s17
    dstore t3, [s13 + Y], [YB], s10, s18, D*2, COLS*2
    wait t3
    add s2, s2, COLS
    blt s2, D, cols
    add s1, s1, TM
    blt s1, M, rows
    halt

; Y = X W, one tile of Y at a time: load, multiply, store, each waiting for the one before.
; X is M x K, W is K x N, Y is M x N, all f16.
.equ TM, min(16, TILE_ROWS)
.equ XB, 0
.equ WB, align(TM*ROWS*2, 64)
.equ YB, WB + align(ROWS*COLS*2, 64)
    li s1, 0                            ; first row of the tile
row:
    li s10, M
    sub s10, s10, s1
    min s10, s10, TM
    li s2, 0                            ; first column
col:
    li s11, N
    sub s11, s11, s2
    min s11, s11, COLS
    shl s17, s2, 1
    shl s18, s11, 1
    li s3, 0                            ; first inner index
inner:
    li s12, K
    sub s12, s12, s3
    min s12, s12, ROWS
    mul s13, s1, K*2
    shl s14, s3, 1
    add s13, s13, s14
    shl s15, s12, 1
    dload t0, [XB], [s13 + X], s10, s15, ROWS*2, K*2
    wait t0
    mul s16, s3, N*2
    add s16, s16, s17
    dload t1, [WB], [s16 + W], s12, s18, COLS*2, N*2
    wait t1
    mload.f16 w0, [WB], COLS*2, s12, s11
    bne s3, 0, more
    mmul.f16 a0, w0, [XB], ROWS*2, s10
    jmp next
more:
    mmac.f16 a0, w0, [XB], ROWS*2, s10
next:
    add s3, s3, ROWS
    blt s3, K, inner
    mdrain.f16 t2, [YB], COLS*2, a0, s10, s11
    wait t2
    mul s16, s1, N*2
    add s16, s16, s17
    dstore t3, [s16 + Y], [YB], s10, s18, N*2, COLS*2
    wait t3
    add s2, s2, COLS
    blt s2, N, col
    add s1, s1, TM
    blt s1, M, row
    halt

; Y = X W for one row X of K; W is K x N. One tile of W at a time.
.equ XB, 0
.equ WB, align(K*2, 64)
.equ YB, WB + align(ROWS*COLS*2, 64)
    dload t0, [XB], [X], 1, K*2
    wait t0
    li s2, 0
col:
    li s11, N
    sub s11, s11, s2
    min s11, s11, COLS
    shl s17, s2, 1
    shl s18, s11, 1
    li s3, 0
inner:
    li s12, K
    sub s12, s12, s3
    min s12, s12, ROWS
    shl s14, s3, 1
    mul s16, s3, N*2
    add s16, s16, s17
    dload t1, [WB], [s16 + W], s12, s18, COLS*2, N*2
    wait t1
    mload.f16 w0, [WB], COLS*2, s12, s11
    bne s3, 0, more
    mmul.f16 a0, w0, [s14 + XB], K*2, 1
    jmp next
more:
    mmac.f16 a0, w0, [s14 + XB], K*2, 1
next:
    add s3, s3, ROWS
    blt s3, K, inner
    mdrain.f16 t2, [YB], COLS*2, a0, 1, s11
    wait t2
    dstore t3, [s17 + Y], [YB], 1, s18
    wait t3
    add s2, s2, COLS
    blt s2, N, col
    halt

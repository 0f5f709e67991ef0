; Y = X convolved with W: X is H x L x CI, W is 3 x 3 x CI x CO, Y is (H-2) x (L-2) x CO.
; One row of Y and COLS of its channels at a time, as nine products for each ROWS of CI.
.equ OL, L - 2
.equ TM, min(OL, TILE_ROWS)
.equ XB, 0
.equ WB, align(TM*ROWS*2, 64)
.equ YB, WB + align(ROWS*COLS*2, 64)
    li s1, 0                            ; row of Y
row:
    li s2, 0                            ; first pixel
pixel:
    li s10, OL
    sub s10, s10, s2
    min s10, s10, TM
    li s3, 0                            ; first channel of Y
channel:
    li s11, CO
    sub s11, s11, s3
    min s11, s11, COLS
    shl s18, s11, 1
    shl s17, s3, 1
    li s4, 0                            ; tap
tap:
    div s5, s4, 3
    rem s6, s4, 3
    li s7, 0                            ; first channel of X
inner:
    li s12, CI
    sub s12, s12, s7
    min s12, s12, ROWS
    shl s15, s12, 1
    add s13, s1, s5
    mul s13, s13, L
    add s13, s13, s2
    add s13, s13, s6
    mul s13, s13, CI
    add s13, s13, s7
    shl s13, s13, 1
    dload t0, [XB], [s13 + X], s10, s15, ROWS*2, CI*2
    wait t0
    mul s16, s4, CI
    add s16, s16, s7
    mul s16, s16, CO*2
    add s16, s16, s17
    dload t1, [WB], [s16 + W], s12, s18, COLS*2, CO*2
    wait t1
    mload.f16 w0, [WB], COLS*2, s12, s11
    add s8, s4, s7
    bne s8, 0, more
    mmul.f16 a0, w0, [XB], ROWS*2, s10
    jmp next
more:
    mmac.f16 a0, w0, [XB], ROWS*2, s10
next:
    add s7, s7, ROWS
    blt s7, CI, inner
    add s4, s4, 1
    blt s4, 9, tap
    mdrain.f16 t2, [YB], COLS*2, a0, s10, s11
    wait t2
    mul s13, s1, OL
    add s13, s13, s2
    mul s13, s13, CO*2
    add s13, s13, s17
    dstore t3, [s13 + Y], [YB], s10, s18, CO*2, COLS*2
    wait t3
    add s3, s3, COLS
    blt s3, CO, channel
    add s2, s2, TM
    blt s2, OL, pixel
    add s1, s1, 1
    blt s1, H - 2, row
    halt

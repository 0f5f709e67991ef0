; Y = X/2 (1 + tanh(sqrt(2/pi) (X + 0.044715 X^3))) for N numbers, a vector at a time.
.equ IN, 0
.equ OUT, align(VLEN*2, 64)
    li s1, 0
next:
    li s4, N
    sub s4, s4, s1
    min s4, s4, VLEN
    vset s4
    shl s2, s1, 1
    shl s3, s4, 1
    dload t0, [IN], [s2 + X], 1, s3
    wait t0
    vld.f16 v1, [IN]
    vmul v2, v1, v1
    vmul v2, v2, v1
    vmul v2, v2, 0.044715
    vadd v2, v2, v1
    vmul v2, v2, 0.7978845608
    vtanh v2, v2
    vadd v2, v2, 1
    vmul v2, v2, v1
    vmul v2, v2, 0.5
    vst.f16 v2, [OUT]
    dstore t1, [s2 + Y], [OUT], 1, s3
    wait t1
    add s1, s1, VLEN
    blt s1, N, next
    halt

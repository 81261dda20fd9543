//! Instructions as the GNU assembler writes them.

use super::*;

const fn at(base: Register, offset: usize) -> Memory {
    Memory { base, offset }
}

#[test]
fn words_of_instructions() {
    let (mut single, mut double) = (Assembler::new(false), Assembler::new(true));
    single.vector(Vector::Add, 9, 2, 31); // fadd v9.4s, v2.4s, v31.4s
    double.vector(Vector::Sub, 9, 2, 31); // fsub v9.2d, v2.2d, v31.2d
    single.vector(Vector::Mul, 0, 1, 2); // fmul v0.4s, v1.4s, v2.4s
    double.vector(Vector::Div, 30, 17, 3); // fdiv v30.2d, v17.2d, v3.2d
    single.vector(Vector::Max, 4, 5, 6); // fmax v4.4s, v5.4s, v6.4s
    double.vector(Vector::Min, 4, 5, 6); // fmin v4.2d, v5.2d, v6.2d
    single.vector(Vector::Equal, 7, 8, 9); // fcmeq v7.4s, v8.4s, v9.4s
    double.vector(Vector::GreaterOrEqual, 7, 8, 9); // fcmge v7.2d, v8.2d, v9.2d
    single.vector(Vector::Greater, 7, 8, 9); // fcmgt v7.4s, v8.4s, v9.4s
    single.sqrt(3, 21); // fsqrt v3.4s, v21.4s
    double.sqrt(3, 21); // fsqrt v3.2d, v21.2d
    single.is_zero(5, 6); // fcmeq v5.4s, v6.4s, #0.0
    double.is_zero(5, 6); // fcmeq v5.2d, v6.2d, #0.0
    assert_eq!(
        single.words,
        [0x4e3fd449, 0x6e22dc20, 0x4e26f4a4, 0x4e29e507, 0x6ea9e507, 0x6ea1faa3, 0x4ea0d8c5]
    );
    assert_eq!(double.words, [0x4effd449, 0x6e63fe3e, 0x4ee6f4a4, 0x6e69e507, 0x6ee1faa3, 0x4ee0d8c5]);

    let mut bits = Assembler::new(true);
    bits.bits(Bits::And, 1, 2, 3); // and v1.16b, v2.16b, v3.16b
    bits.bits(Bits::AndNot, 1, 2, 3); // bic v1.16b, v2.16b, v3.16b
    bits.bits(Bits::OrNot, 1, 2, 3); // orn v1.16b, v2.16b, v3.16b
    bits.bits(Bits::Select, 1, 2, 3); // bsl v1.16b, v2.16b, v3.16b
    bits.bits(Bits::Insert, 1, 2, 3); // bit v1.16b, v2.16b, v3.16b
    bits.bits(Bits::InsertNot, 1, 2, 3); // bif v1.16b, v2.16b, v3.16b
    bits.copy(29, 16); // mov v29.16b, v16.16b
    bits.not(5, 6); // mvn v5.16b, v6.16b
    assert_eq!(
        bits.words,
        [0x4e231c41, 0x4e631c41, 0x4ee31c41, 0x6e631c41, 0x6ea31c41, 0x6ee31c41, 0x4eb01e1d, 0x6e2058c5]
    );

    let mut other = Assembler::new(false);
    other.load(8, at(4, 0)); // ldr q8, [x4]
    other.load(8, at(SP, 4080)); // ldr q8, [sp, #4080]
    other.store(31, at(15, 240)); // str q31, [x15, #240]
    other.store(1, at(1, 65520)); // str q1, [x1, #65520]
    other.load_address(16, at(0, 96)); // ldr x16, [x0, #96]
    other.save_pair(8, at(SP, 16)); // stp d8, d9, [sp, #16]
    other.restore_pair(14, at(SP, 48)); // ldp d14, d15, [sp, #48]
    other.add_number(4, 4, 128); // add x4, x4, #128
    other.add_number(17, 1, 0x12_ff0); // add x17, x1, #0xff0; add x17, x17, #0x12, lsl #12
    let place = other.take_room(); // sub sp, sp, #0x140
    other.set_room(place, 0x140);
    other.add_number(SP, SP, 0x140); // add sp, sp, #0x140
    other.add(16, 16, 3); // add x16, x16, x3
    other.set_zero(3); // mov x3, #0
    other.loop_while_less(3, 2, 14 - 1); // cmp x3, x2; b.lo .-8
    other.ret(); // ret
    assert_eq!(
        other.words,
        [
            0x3dc00088, 0x3dc3ffe8, 0x3d803dff, 0x3dbffc21, 0xf9403010, 0x6d0127e8, 0x6d433fee, 0x91020084,
            0x913fc031, 0x91404a31, 0xd10503ff, 0x910503ff, 0x8b030210, 0xd2800003, 0xeb02007f, 0x54ffffc3,
            0xd65f03c0
        ]
    );
}

#[test]
fn numbers_stand_behind_the_code() {
    let mut assembler = Assembler::new(false);
    for number in [1.0f32, 2.0, 1.0] {
        assembler.load_number(3, number.to_bits().into());
    }
    let bytes = assembler.finish().expect("numbers in reach");
    let words: Vec<u32> =
        bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))).collect();
    // ldr q3, .+16; ldr q3, .+28; ldr q3, .+8
    assert_eq!(words[..4], [0x9c000083, 0x9c0000e3, 0x9c000043, 0]);
    assert_eq!(words[4..], [[1f32.to_bits(); 4], [2f32.to_bits(); 4]].concat());
}

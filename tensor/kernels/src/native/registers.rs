//! Which values stand in which registers.
//!
//! What a line reads is loaded when it is first read and stays in its register as long as there is room; then the value whose
//! next use is furthest away makes room (Belady, IBM Systems Journal 5, 1966), on the stack if it is nowhere else.

use super::target::Target;

/// A register's number.
type Register = u8;

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Class {
    Vector,
    Mask,
}

/// Where a value stands, and when it is read.
#[derive(Clone, Debug, Default)]
struct Value {
    uses: Vec<usize>,
    register: Option<(Class, Register)>,
    slot: Option<usize>,
}

/// Registers of one class.
#[derive(Debug)]
struct File {
    holds: Vec<Option<usize>>,
    /// Registers that the present line needs, or that are none, as bits.
    taken: u32,
    /// Those that are none.
    missing: u32,
}

/// All registers, and the part of the stack that stands in for them.
#[derive(Debug)]
pub struct Registers {
    files: [File; 2],
    values: Vec<Value>,
    width: usize,
    now: usize,
    /// Free places on the stack, those that the present line may still read, and how many there have been.
    free: Vec<usize>,
    leaving: Vec<usize>,
    slots: usize,
    most: usize,
}

/// A value that must go to its place on the stack.
#[derive(Clone, Copy, Debug)]
pub struct Spill {
    pub class: Class,
    pub register: Register,
    pub slot: usize,
}

impl Registers {
    pub fn new(target: Target, values: usize) -> Self {
        let file = |registers: usize, missing| File { holds: vec![None; registers], taken: 0, missing };
        Registers {
            files: [file(target.vectors, 0), file(target.masks, 1)],
            values: vec![Value::default(); values],
            width: target.width,
            now: 0,
            free: Vec::new(),
            leaving: Vec::new(),
            slots: 0,
            most: 0,
        }
    }

    /// Notes that a value will be read; of a value's times the earlier first.
    pub fn read_at(&mut self, value: usize, time: usize) {
        self.values[value].uses.push(time);
    }

    pub fn forget_all(&mut self) {
        self.files.iter_mut().for_each(|file| file.holds.fill(None));
        self.values.iter_mut().for_each(|value| (value.register, value.slot) = (None, None));
        self.free.clear();
        self.leaving.clear();
        self.slots = 0;
    }

    /// Begins a line.
    pub fn begin(&mut self, time: usize) {
        self.now = time;
        self.files.iter_mut().for_each(|file| file.taken = file.missing);
        self.free.append(&mut self.leaving);
    }

    /// Bytes of the stack that are needed.
    pub fn frame(&self) -> usize {
        self.most * self.width
    }

    pub fn slot(&self, value: usize) -> Option<usize> {
        self.values[value].slot
    }

    /// The register that holds a value, which the present line keeps.
    pub fn find(&mut self, value: usize) -> Option<Register> {
        let (class, register) = self.values[value].register?;
        self.file(class).taken |= 1 << register;
        Some(register)
    }

    /// Whether a value will be read again, by a later line.
    pub fn is_read_again(&self, value: usize) -> bool {
        self.next_use(value, self.now + 1).is_some()
    }

    /// Whether a register is free.
    pub fn has_room(&self, class: Class) -> bool {
        let file = &self.files[class as usize];
        (0..file.holds.len()).any(|r| file.holds[r].is_none() && file.taken & (1 << r) == 0)
    }

    /// Gives back what the present line is the last to read: its result may stand there.
    pub fn release(&mut self, value: usize) {
        if !self.is_read_again(value) {
            if let Some((class, register)) = self.values[value].register {
                self.file(class).taken &= !(1 << register);
            }
            self.forget(value);
        }
    }

    /// A register for whatever the present line needs it for. What stands there may have to go to the stack first, unless
    /// it `is_stored` somewhere.
    pub fn take(&mut self, class: Class, is_stored: impl Fn(usize) -> bool) -> (Register, Option<Spill>) {
        let file = &self.files[class as usize];
        // Never used again before anything else.
        let distance = |register: usize| match file.holds[register] {
            None => usize::MAX,
            Some(value) => self.next_use(value, self.now).unwrap_or(usize::MAX - 1),
        };
        let register = (0..file.holds.len())
            .filter(|register| file.taken & (1 << register) == 0)
            .max_by_key(|&register| (distance(register), std::cmp::Reverse(register)))
            .expect("a line needs fewer registers than there are");
        let mut spill = None;
        if let Some(value) = file.holds[register] {
            let needed = self.next_use(value, self.now).is_some();
            if needed && !is_stored(value) && self.values[value].slot.is_none() {
                let slot = self.fresh_slot();
                self.values[value].slot = Some(slot);
                spill = Some(Spill { class, register: register as Register, slot });
            }
            self.values[value].register = None;
        }
        let file = self.file(class);
        file.holds[register] = None;
        file.taken |= 1 << register;
        (register as Register, spill)
    }

    /// Keeps a register for the present line that it has just given back, or that holds nothing.
    pub fn claim(&mut self, class: Class, register: Register) {
        self.file(class).taken |= 1 << register;
    }

    /// Registers that hold something.
    pub fn held(&self) -> Vec<(Class, Register)> {
        let registers = self.values.iter().filter_map(|value| value.register);
        registers.collect()
    }

    /// Notes that a register, which is taken, holds a value.
    pub fn hold(&mut self, class: Class, register: Register, value: usize) {
        self.file(class).holds[usize::from(register)] = Some(value);
        self.values[value].register = Some((class, register));
    }

    /// Notes that the present line needs no register but one.
    pub fn keep_only(&mut self, class: Class, register: Register) {
        self.files.iter_mut().for_each(|file| file.taken = file.missing);
        self.file(class).taken |= 1 << register;
    }

    /// Drops a value.
    pub fn forget(&mut self, value: usize) {
        let value = &mut self.values[value];
        self.leaving.extend(value.slot.take());
        if let Some((class, register)) = value.register.take() {
            self.files[class as usize].holds[usize::from(register)] = None;
        }
    }

    fn fresh_slot(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.most = self.most.max(self.slots);
            self.slots - 1
        })
    }

    fn file(&mut self, class: Class) -> &mut File {
        &mut self.files[class as usize]
    }

    /// The first time from one on at which a value is read.
    fn next_use(&self, value: usize, from: usize) -> Option<usize> {
        let uses = &self.values[value].uses;
        uses.get(uses.partition_point(|&time| time < from)).copied()
    }
}

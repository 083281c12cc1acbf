//! Defaults within bounds that are constants, in whatever way either is written.

#![deny(warnings)]

use std::time::Duration;

use groundcrew_envcfg::{ByteSize, Config};

const LEAST: u16 = 80;
const LONGEST: Duration = Duration::from_secs(60);
const MOST: ByteSize = ByteSize::mib(1);
const FEWEST: u64 = 2;

pub trait Limits {
    const LEAST: u16;
}

pub struct Wide;

impl Limits for Wide {
    const LEAST: u16 = 1;
}

impl Settings {
    const MOST: u16 = 100;
}

#[derive(Config)]
pub struct Settings {
    #[config(default = "+080", default(test = 81), range(min = LEAST, max = Self::MOST))]
    pub port: u16,
    #[config(default = "-.5e1", range(min = f32::MIN, max = f32::MAX))]
    pub ratio: f32,
    #[config(default = "-128", range(min = i8::MIN))]
    pub least: i8,
    #[config(default = "340282366920938463463374607431768211455", range(max = u128::MAX))]
    pub most: u128,
    #[config(default = 80, range(min = LEAST, exclusive_max = 2 * LEAST))]
    pub number: u16,
    #[config(default = "1m", range(max = LONGEST))]
    pub time: Duration,
    #[config(default = LONGEST, range(min = "1s", max = LONGEST))]
    pub constant_time: Duration,
    #[config(default = 1024, unit = "KiB", range(max = MOST))]
    pub size: ByteSize,
    #[config(default = "éé", length(min = FEWEST, max = FEWEST))]
    pub text: String,
    #[config(default = "10s,1m", each(range(max = LONGEST)), length(min = FEWEST))]
    pub times: Vec<Duration>,
}

#[derive(Config)]
pub struct Generic<T: Limits + 'static> {
    #[config(default = "80", range(min = T::LEAST))]
    pub port: u16,
    #[config(skip)]
    pub limits: std::marker::PhantomData<T>,
}

fn main() {
    assert_eq!(Settings::check_defaults(), Ok(()));
    assert_eq!(Generic::<Wide>::check_defaults(), Ok(()));
}

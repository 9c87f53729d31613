fn main() {
    let n: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut total = kernelos_simulation::Counts::default();
    let began = std::time::Instant::now();
    let from: u64 = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in from..n {
        match kernelos_simulation::tell(&kernelos_simulation::Schedule::whole(seed), None) {
            Ok(counts) => total.add(counts),
            Err(failed) => {
                let skip = failed.story.len().saturating_sub(30);
                failed.story[skip..].iter().for_each(|line| println!("{line}"));
                println!("seed {seed} step {}: {}", failed.step, failed.wrong);
            }
        }
    }
    println!("{total:#?} {:?}", began.elapsed());
}

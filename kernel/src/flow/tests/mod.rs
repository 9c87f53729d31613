mod agent;
mod bounds;
mod context;
mod person;
mod restored;
mod restores;
mod runs;

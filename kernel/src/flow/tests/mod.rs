mod agent;
mod bounds;
mod person;
mod runs;

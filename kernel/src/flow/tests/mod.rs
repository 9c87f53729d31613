mod agent;
mod bounds;
mod context;
mod person;
mod runs;
